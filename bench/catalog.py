"""Watches one service in Consul's catalog: ``python -m bench.catalog PORT SERVICE``.

Writes ``CONTAINER NANOSECONDS`` for each container when a blocking query first shows
it, and ``present NUMBER`` after each answer. A process of its own: in that of the
benchmark it would wait for other threads, and measure them.
"""

import http.client
import json
import sys
import time


def main(port: int, service: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    index = "0"
    known: set[str] = set()
    while True:
        connection.request(
            "GET", f"/v1/health/service/{service}?index={index}&wait=30s"
        )
        answer = connection.getresponse()
        found = json.loads(answer.read())
        now = time.time_ns()
        index = answer.headers["X-Consul-Index"]
        names = {entry["Service"]["ID"].split(":")[1] for entry in found}
        for name in names - known:
            print(name, now)
        print("present", len(names), flush=True)
        known |= names


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
