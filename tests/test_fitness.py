import pytest

from registrator.fitness import FIT, Cause, Finding, Status, worst


def finding(cause: Cause, status: Status, output: str = "") -> Finding:
    return Finding(cause=cause, status=status, output=output)


ENGINE = finding(Cause.ENGINE, Status.PASSING)
WARNS = finding(Cause.CHECK, Status.WARNING)
FAILS = finding(Cause.CHECK, Status.CRITICAL, "first")
FAILS_TOO = finding(Cause.CHECK, Status.CRITICAL, "second")
MAINTENANCE = finding(Cause.MAINTENANCE, Status.CRITICAL)


@pytest.mark.parametrize(
    ("findings", "decides"),
    [
        ((), FIT),
        ((ENGINE,), ENGINE),
        ((ENGINE, WARNS), WARNS),
        ((WARNS, FAILS, ENGINE), FAILS),
        ((FAILS, FAILS_TOO), FAILS),
        ((FAILS, MAINTENANCE), MAINTENANCE),
    ],
)
def test_the_worst_decides_and_maintenance_before_all(
    findings: tuple[Finding, ...], decides: Finding
) -> None:
    assert worst(findings) is decides
