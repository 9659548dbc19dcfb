"""The least that could do the work: ``python -m bench.bare CONSUL-PORT``.

Reads events, inspects, registers, one after the other, and decides nothing: the floor
for what the engine, Consul and a busy machine take by themselves.
"""

import http.client
import json
import os
import socket
import sys

EVENTS = "/events?filters=" + "%7B%22event%22%3A%5B%22start%22%2C%22die%22%5D%7D"


def main(port: int) -> None:
    consul = http.client.HTTPConnection("127.0.0.1", port)
    inspect = engine()
    events = engine()
    events.request("GET", EVENTS)
    stream = events.getresponse()
    print("ready", flush=True)
    while line := stream.readline():
        event = json.loads(line)
        name = event["Actor"]["Attributes"]["name"]
        if event["Action"] == "die":
            ask(consul, "PUT", f"/v1/agent/service/deregister/bare:{name}:80")
            continue
        shown = json.loads(ask(inspect, "GET", f"/containers/{event['id']}/json"))
        [binding, *_] = shown["NetworkSettings"]["Ports"]["80/tcp"]
        body = {
            "ID": f"bare:{name}:80",
            "Name": "bench",
            "Address": "192.0.2.1",
            "Port": int(binding["HostPort"]),
        }
        ask(consul, "PUT", "/v1/agent/service/register", json.dumps(body))


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: str = ""
) -> bytes:
    connection.request(method, path, body)
    return connection.getresponse().read()


def engine() -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("docker")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    connection.sock.connect(host.removeprefix("unix://"))
    return connection


if __name__ == "__main__":
    main(int(sys.argv[1]))
