"""Which lines of a listen section belong to its frontend, its backend, or both. Pure.

Source: HAProxy 2.6's configuration manual, 4.1, the matrix of proxy keywords. What
stands in neither list goes to both, as most do; `haproxy -c` has the last word.
"""

from collections.abc import Iterable
from typing import Final

_FRONTEND: Final = tuple(
    """
    backlog|bind|bind-process|capture|declare capture|default_backend|grace|log-format
    log-format-sd|log-steps|maxconn|monitor|monitor-net|monitor-uri
    option accept-invalid-http-request|option accept-unsafe-violations-in-http-request
    option clitcpka|option contstats|option disable-h2-upgrade|option dontlog-normal
    option dontlognull|option h1-case-adjust-bogus-client|option http-ignore-probes
    option http-use-proxy-header|option httplog|option httpslog
    option idle-close-on-response|option log-separate-errors|option logasap
    option socket-stats
    option tcp-smart-accept|option tcplog|rate-limit sessions|tcp-request connection
    tcp-request session|timeout client|timeout client-fin|timeout client-hs
    unique-id-format|unique-id-header|use_backend
    """.replace("\n", "|").split("|")
)
_BACKEND: Final = tuple(
    """
    balance|cookie|default-server|dispatch|dynamic-cookie-key|external-check|fullconn
    hash-balance-factor|hash-type|http-check|http-reuse|http-send-name-header|id-prefix
    load-server-state-from-file|max-session-srv-conns|option abortonclose
    option accept-invalid-http-response|option accept-unsafe-violations-in-http-response
    option allbackups|option checkcache|option external-check
    option h1-case-adjust-bogus-server|option httpchk|option ldap-check
    option log-health-checks|option mysql-check|option persist|option pgsql-check
    option prefer-last-server|option redis-check|option redispatch|option smtpchk
    option spop-check|option srvtcpka|option ssl-hello-chk|option tcp-check
    option tcp-smart-connect|option transparent|persist rdp-cookie|retries|retry-on
    server|server-state-file-name|server-template|source|srvtcpka-cnt|srvtcpka-idle
    srvtcpka-intvl|stick match|stick on|stick store-request|stick store-response
    tcp-check|tcp-response|timeout check|timeout connect|timeout queue|timeout server
    timeout server-fin|timeout tunnel|use-server
    """.replace("\n", "|").split("|")
)
FRONTEND: Final = frozenset(each.strip() for each in _FRONTEND if each.strip())
BACKEND: Final = frozenset(each.strip() for each in _BACKEND if each.strip())


def split(lines: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give each line to the frontend, the backend, or both; the order stays."""
    both = [(line, _keywords(line)) for line in lines]
    return (
        tuple(line for line, words in both if not words & BACKEND),
        tuple(line for line, words in both if not words & FRONTEND),
    )


def _keywords(line: str) -> set[str]:
    """Give the first word, and the first two: keywords have one or two."""
    words = line.removeprefix("no ").split()
    return {" ".join(words[:1]), " ".join(words[:2])}
