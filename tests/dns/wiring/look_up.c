/* Prints each address of a name, or why there is none. */
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int count, char **words)
{
	struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found, *each;
	char text[64];
	int error = getaddrinfo(count == 2 ? words[1] : "", 0, &wanted, &found);

	if (error) {
		puts(gai_strerror(error));
		return 1;
	}
	for (each = found; each; each = each->ai_next) {
		getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, 0, 0,
			NI_NUMERICHOST);
		puts(text);
	}
	return 0;
}
