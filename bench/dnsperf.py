"""The load: Debian's dnsperf, on a processor of its own."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import percentile

_CLIENTS = 8
_UNDER_WAY = 128

_COMPLETED = re.compile(r"Queries completed: +(\d+)")
_SENT = re.compile(r"Queries sent: +(\d+)")
_RATE = re.compile(r"Queries per second: +([\d.]+)")
_ONE = re.compile(r"^> \S+ \S+ \S+ ([\d.]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What became of the queries of one run; times are seconds."""

    answered: int
    lost: int
    rate: float
    """Answers a second."""
    took: Sequence[float]
    """How long each answer took, if that was asked for."""

    def percentile(self, percent: int) -> float:
        """How long so many of a hundred answers took at most."""
        return percentile(self.took, percent)


def saturate(port: int, questions: Path, *, seconds: float, cpu: int) -> Load:
    """Ask as fast as the answers come."""
    return _run(port, questions, seconds, cpu)


def pace(port: int, questions: Path, rate: int, *, seconds: float, cpu: int) -> Load:
    """Ask *rate* times a second, and time every answer."""
    return _run(port, questions, seconds, cpu, f"-Q{rate}", "-v")


def _run(port: int, questions: Path, seconds: float, cpu: int, *more: str) -> Load:
    command = ["taskset", "-c", str(cpu), "dnsperf", "-s127.0.0.1", f"-p{port}"]
    command += [f"-d{questions}", f"-c{_CLIENTS}", f"-q{_UNDER_WAY}", f"-l{seconds:g}"]
    # The default of 5 s would be waited for after a run that lost a query.
    command += ["-t1", *more]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answered = int(_found(_COMPLETED, done.stdout))
    return Load(
        answered=answered,
        lost=int(_found(_SENT, done.stdout)) - answered,
        rate=float(_found(_RATE, done.stdout)),
        took=[float(each) for each in _ONE.findall(done.stdout)],
    )


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    if match is None:
        raise ValueError(f"dnsperf said no {pattern.pattern!r}:\n{text[-2000:]}")
    return match[1]
