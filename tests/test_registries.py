import pytest

from registrator.registries import registries
from registrator.settings import Settings

DEFAULT = "dns://127.0.0.1:8600"


@pytest.mark.parametrize(
    ("settings", "uris"),
    [
        (Settings(), (DEFAULT,)),
        (Settings(dns=True), (DEFAULT,)),
        (
            Settings(registries=("etcd://h:1/p?tls&ca=/x",), dns=True),
            (
                "etcd://h:1/p?tls&ca=/x",
                "dns://?from=etcd://h:1/p%3Ftls%26ca%3D/x",
            ),
        ),
        (
            Settings(registries=("consul://a:1", "dns://:53", "etcd://b"), dns=True),
            (
                "consul://a:1",
                "dns://:53",
                "etcd://b",
                "dns://?from=consul://a:1&from=etcd://b",
            ),
        ),
        (
            Settings(registries=("dns://:53", "consul://a"), dns_only="warning"),
            ("dns://:53?only=warning", "consul://a"),
        ),
        (
            Settings(
                registries=("DNS://:53/x?only=passing&ttl=5",),
                dns_only="warning",
                dns_max_stale=0.0,
                dns_linger=2.5,
                dns_upstream="10.0.0.1:53,[fd00::1]",
                dns_allow="10.0.0.0/8",
            ),
            (
                (
                    "DNS://:53/x?only=passing&ttl=5&max-stale=0&linger=2.5"
                    "&upstream=10.0.0.1:53,%5Bfd00::1%5D&allow=10.0.0.0/8"
                ),
            ),
        ),
    ],
)
def test_flags_become_options_of_every_responder(
    settings: Settings, uris: tuple[str, ...]
) -> None:
    assert registries(settings) == uris
