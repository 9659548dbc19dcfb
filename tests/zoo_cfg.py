"""How a ZooKeeper is started from Debian's jars."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from certificates import Certificate

_JARS: Final = Path("/usr/share/java")
# The manifest of zookeeper.jar names the others.
_NEEDED: Final = (
    *("zookeeper", "slf4j-simple", "netty-codec", "netty-resolver"),
    "netty-transport-native-unix-common",
)
_JAVA: Final = (
    *("java", "-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
    *("-cp", ":".join(f"{_JARS / jar}.jar" for jar in _NEEDED)),
    "-Dzookeeper.admin.enableServer=false",
    "-Dzookeeper.forceSync=no",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
_MAIN: Final = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
_DIGEST: Final = "org.apache.zookeeper.server.auth.DigestLoginModule"
_SASL: Final = "org.apache.zookeeper.server.auth.SASLAuthenticationProvider"


def zookeeper_command(
    directory: Path, lines: Mapping[str, object], users: Mapping[str, str]
) -> list[str]:
    """Write the lines of zoo.cfg and who may log in; return what starts it."""
    configuration, logins = directory / "zoo.cfg", directory / "jaas.conf"
    written = {**({"authProvider.1": _SASL} if users else {}), **lines}
    configuration.write_text("".join(f"{k}={v}\n" for k, v in written.items()))
    logins.write_text(_jaas(users))
    login = [f"-Djava.security.auth.login.config={logins}"] if users else []
    return [*_JAVA, *login, _MAIN, str(configuration)]


def secured(tls: Certificate, port: int) -> dict[str, object]:
    """Serve TLS on another port; the older way of connections cannot."""
    return {
        "serverCnxnFactory": "org.apache.zookeeper.server.NettyServerCnxnFactory",
        "secureClientPort": port,
        "secureClientPortAddress": "127.0.0.1",
        "ssl.keyStore.location": tls.both,
        "ssl.keyStore.type": "PEM",
        "ssl.trustStore.location": tls.ca,
        "ssl.trustStore.type": "PEM",
        "ssl.clientAuth": "need",
    }


def together(peers: Sequence[tuple[int, int]]) -> dict[str, object]:
    """Be an ensemble; a member that hangs is given up after 4 s."""
    members = {
        f"server.{place}": f"127.0.0.1:{peer}:{election}"
        for place, (peer, election) in enumerate(peers)
    }
    return {"initLimit": 20, "syncLimit": 8, **members}


def _jaas(users: Mapping[str, str]) -> str:
    known = "\n".join(f'  user_{name}="{word}"' for name, word in users.items())
    return f"Server {{\n  {_DIGEST} required\n{known};\n}};\n"
