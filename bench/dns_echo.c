/* The least that a name server could do: give every datagram back, marked as a reply.
 *
 * usage: dns_echo PORT
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int count, char **arguments) {
  struct sockaddr_in here = {.sin_family = AF_INET}, peer;
  unsigned char packet[2048];
  int bound = socket(AF_INET, SOCK_DGRAM, 0);
  int buffer = 1 << 20;

  if (count != 2)
    return 2;
  here.sin_port = htons((unsigned short)atoi(arguments[1]));
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(bound, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (bind(bound, (struct sockaddr *)&here, sizeof here))
    return 1;
  for (;;) {
    socklen_t length = sizeof peer;
    ssize_t size =
        recvfrom(bound, packet, sizeof packet, 0, (struct sockaddr *)&peer, &length);
    if (size < 12)
      continue;
    packet[2] |= 0x80;
    sendto(bound, packet, (size_t)size, 0, (struct sockaddr *)&peer, length);
  }
}
