"""Writes entries into real registries as anybody could who may write there."""

import base64
import json
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fixtures.consul import ConsulAgent
from fixtures.etcd import EtcdServer
from fixtures.zookeeper import ZooKeeper
from standin_eureka import EurekaServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one entry says of an instance of the service web."""

    key: str
    """Letters and digits: no two have the same."""
    address: str = "127.0.0.1"
    port: int
    text: str = ""
    """Stands wherever the registry takes a text."""
    options: str = ""
    """The words that it asks for on its server's line."""


class Grounds:
    """The real registries, and a hostile entry for each way to write into them."""

    def __init__(
        self,
        consul: ConsulAgent,
        etcd: EtcdServer,
        zookeeper: ZooKeeper,
        eureka: EurekaServer,
    ) -> None:
        self.consul, self.etcd = consul, etcd
        self.zookeeper, self.eureka = zookeeper, eureka
        kv = f"consulkv://127.0.0.1:{consul.port}"
        self.sources = {
            "consul": consul.uri,
            "consulkv": f"{kv}/plain",
            "consulkv-json": f"{kv}/json?format=json",
            "etcd": f"{etcd.uri}/plain",
            "etcd-json": f"{etcd.uri}/json?format=json",
            "skydns": f"skydns2://127.0.0.1:{etcd.port}/cluster.local",
            "registrator": f"{zookeeper.uri}/registrator",
            "nerve": f"{zookeeper.uri}/nerve?format=nerve",
            "serverset": f"{zookeeper.uri}/serverset?format=serverset",
            "curator": f"{zookeeper.uri}/curator?format=curator",
            "eureka": f"{eureka.uri}?poll=0.1",
        }
        self._plants = (
            *(self._consul, self._consulkv, self._consulkv_json, self._etcd),
            *(self._etcd_json, self._skydns, self._registrator, self._nerve),
            *(self._serverset, self._curator, self._eureka),
        )

    def plant(self, said: Said) -> None:
        """Have every registry say it, as far as it can."""
        for plant in self._plants:
            plant(said)

    def _consul(self, said: Said) -> None:
        self.consul.put(
            "/v1/agent/service/register",
            {
                "ID": f"{said.text}{said.key}",
                "Name": "web",
                "Address": said.address,
                "Port": said.port,
                "Tags": [said.text],
                "Meta": {"haproxy_server_options": said.options},
            },
        )

    def _consulkv(self, said: Said) -> None:
        self._put_kv(
            f"plain/web/{quote(said.text + said.key, safe='')}",
            f"{said.address}:{said.port}",
        )

    def _consulkv_json(self, said: Said) -> None:
        self._put_kv(f"json/web/{said.key}", _json(said))

    def _put_kv(self, key: str, value: str) -> None:
        url = f"{self.consul.url}/v1/kv/{quote(key)}"
        asked = urllib.request.Request(url, data=value.encode(), method="PUT")
        with urllib.request.urlopen(asked, timeout=30) as answer:
            answer.read()

    def _etcd(self, said: Said) -> None:
        self.etcd.put(
            f"/plain/web/{said.text}{said.key}", f"{said.address}:{said.port}"
        )

    def _etcd_json(self, said: Said) -> None:
        self.etcd.put(f"/json/web/{said.key}", _json(said))

    def _skydns(self, said: Said) -> None:
        self.etcd.put(
            f"/skydns/local/cluster/web/x{said.key}",
            json.dumps(
                {
                    "host": said.address,
                    "port": said.port,
                    "text": said.text,
                    "group": said.text,
                }
            ),
        )

    def _registrator(self, said: Said) -> None:
        attributes = {"haproxy_server_options": said.options, said.text: said.text}
        record = {"Name": "web", "IP": said.address, "PublicPort": said.port}
        record |= {"ContainerID": said.text, "Tags": [said.text], "Attrs": attributes}
        self.zookeeper.create(f"/registrator/web/{said.key}", json.dumps(record))

    def _nerve(self, said: Said) -> None:
        record: dict[str, Any] = {
            "host": said.address,
            "port": said.port,
            "name": said.text,
            "labels": {said.text: said.text},
            "haproxy_server_options": said.options,
        }
        octets = json.dumps(record).encode()
        self.zookeeper.create(f"/nerve/web/{said.key}_0000000001", octets)
        # As a name alone, and of the next port, so that it is a server of its own.
        octets = json.dumps(record | {"port": said.port + 1000}).encode()
        coded = base64.urlsafe_b64encode(octets).decode()
        self.zookeeper.create(f"/nerve/web/base64_{len(coded)}_{coded}_0000000002")

    def _serverset(self, said: Said) -> None:
        place = {"host": said.address, "port": said.port}
        record: dict[str, Any] = {
            "serviceEndpoint": place,
            "additionalEndpoints": {said.text: place},
        }
        record |= {"status": "ALIVE", "shard": said.text}
        self.zookeeper.create(f"/serverset/web/member_{said.key}", json.dumps(record))

    def _curator(self, said: Said) -> None:
        payload = {
            "metadata": {"haproxy_server_options": said.options},
            "name": said.text,
        }
        record: dict[str, Any] = {
            "name": "web",
            "id": f"{said.text}{said.key}",
            "address": said.address,
        }
        record |= {"port": said.port, "payload": payload, "serviceType": "STATIC"}
        self.zookeeper.create(f"/curator/web/{said.key}", json.dumps(record))

    def _eureka(self, said: Said) -> None:
        instance = {
            "instanceId": f"{said.text}{said.key}",
            "hostName": said.address,
            "app": "WEB",
            "ipAddr": said.address,
            "vipAddress": "web",
            "status": "UP",
            "port": {"$": said.port, "@enabled": "true"},
            "dataCenterInfo": {
                "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
                "name": "MyOwn",
            },
            "metadata": {"haproxy_server_options": said.options},
        }
        asked = urllib.request.Request(
            f"http://{self.eureka.uri.removeprefix('eureka://')}/apps/WEB",
            data=json.dumps({"instance": instance}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            answer.read()


def _json(said: Said) -> str:
    return json.dumps(
        {
            "name": "web",
            "id": f"{said.text}{said.key}",
            "address": said.address,
            "port": said.port,
            "container": said.text,
            "node": said.text,
            "tags": [said.text],
            "metadata": {"haproxy_server_options": said.options, said.text: said.text},
        }
    )
