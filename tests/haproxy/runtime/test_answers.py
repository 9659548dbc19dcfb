"""HAProxy's answers to changes, as recorded from 2.6.12, 3.0.11 and 3.2.26."""

import pytest

from registrator_haproxy.runtime.answers import Reason, refusal


@pytest.mark.parametrize(
    "answer",
    [
        "\n",
        "\n\n",
        "New server registered.\n\n",
        "Server deleted.\n",
        "\nServer deleted.\n\n",
    ],
)
def test_what_was_done_is_no_refusal(answer: str) -> None:
    assert refusal(answer) is None


WEIGHTS = (
    "Backend is using a static LB algorithm and only accepts weights "
    "'0%' and '100%'.\n\n"
)
PINNED = (
    "This server cannot be removed at runtime due to other configuration elements "
    "pointing to it.\n"
)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            "Backend must use a dynamic load balancing to support dynamic servers.\n",
            Reason.STATIC,
        ),
        (WEIGHTS, Reason.STATIC),
        ("No such backend.\n", Reason.NO_BACKEND),
        ("Can't find backend.\n\n", Reason.NO_BACKEND),
        ("No such server.\n\n", Reason.NO_SERVER),
        ("Already exists a server with the same name in backend.\n\n", Reason.EXISTS),
        (
            "Server still has connections attached to it, cannot remove it.\n",
            Reason.BUSY,
        ),
        ("Only servers in maintenance mode can be deleted.\n", Reason.BUSY),
        (PINNED, Reason.PINNED),
        ("'cookie' option is not accepted for dynamic server\n\n", Reason.OPTION),
        ("unknown keyword 'nosuch'.\n\n", Reason.OPTION),
        (
            "Health check was not configured on this server, cannot enable.\n\n",
            Reason.OPTION,
        ),
        ("Unknown command, but maybe one of the following...\n\n", Reason.UNABLE),
        ("Permission denied\n\n", Reason.UNABLE),
        (
            "This command is restricted to experimental mode only.\n\n",
            Reason.UNABLE,
        ),
        ("invalid port '99999'\n\n", Reason.OTHER),
    ],
)
def test_a_refusal_has_its_reason(answer: str, reason: Reason) -> None:
    refused = refusal(answer)

    assert refused is not None
    assert refused.reason is reason
    assert refused.says == answer.strip()


def test_a_refusal_is_told_in_one_line_that_is_not_long() -> None:
    refused = refusal("Help:\n  add\n" + "  del\n" * 1000)

    assert refused is not None
    assert refused.says.startswith("Help: add del del")
    assert len(refused.says) == 200
