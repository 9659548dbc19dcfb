"""What has been answered so far, in plain integers."""

from collections.abc import Mapping

from registrator_dns import wire

_NAMES = {
    wire.NOERROR: "NOERROR",
    wire.FORMERR: "FORMERR",
    wire.SERVFAIL: "SERVFAIL",
    wire.NXDOMAIN: "NXDOMAIN",
    wire.NOTIMP: "NOTIMP",
    wire.REFUSED: "REFUSED",
    wire.BADVERS: "BADVERS",
}


class Counters:
    """Counts since the start; who counts adds to the fields."""

    __slots__ = ("ignored", "limited", "tcp", "truncated", "udp")

    def __init__(self) -> None:
        self.udp = dict.fromkeys(_NAMES, 0)
        """Answers over UDP by rcode."""
        self.tcp = dict.fromkeys(_NAMES, 0)
        """Answers over TCP by rcode."""
        self.truncated = 0
        """Answers over UDP that told the client to come again over TCP."""
        self.limited = 0
        """Answers over UDP that were left out, or were TC alone, for being too many."""
        self.ignored = 0
        """Packets that are no queries and were not answered."""

    def answers(self) -> Mapping[tuple[str, str], int]:
        """Count the answers by transport, udp or tcp, and the name of the rcode."""
        return {
            (transport, _NAMES[rcode]): count
            for transport, counts in (("udp", self.udp), ("tcp", self.tcp))
            for rcode, count in counts.items()
        }

    def by_name(self) -> Mapping[str, int]:
        """Count everything, in words."""
        answers = {f"{kind} {rcode}": n for (kind, rcode), n in self.answers().items()}
        others = ("truncated", "limited", "ignored")
        return {**answers, **{name: getattr(self, name) for name in others}}
