import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from registrator import stores
from registrator.backend import Backend, Site
from registrator.errors import ConfigError
from registrator.memory import MemoryBackend

SITE = Site(node="here")


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A third party's distribution on the path, with backends of its own."""
    (tmp_path / "shelf.py").write_text(
        "from registrator.memory import MemoryBackend\n"
        "class Shelf(MemoryBackend):\n"
        "    @classmethod\n"
        "    def from_uri(cls, uri, site):\n"
        "        return cls(site.node)\n"
        "from registrator.readable import Readable\n"
        "class Sign(Readable):\n"
        "    uri = 'sign://'\n"
        "    @classmethod\n"
        "    def from_uri(cls, uri, site):\n"
        "        return cls()\n"
        "    async def __aenter__(self):\n"
        "        return self\n"
        "    async def __aexit__(self, *_):\n"
        "        pass\n"
        "    async def watch(self, name=''):\n"
        "        yield\n"
    )
    metadata = tmp_path / "shelf-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1")
    (metadata / "entry_points.txt").write_text(
        f"[{stores.GROUP}]\n"
        "shelf = shelf:Shelf\n"
        "absent = shelf_of_another:Shelf\n"
        "unnamed = shelf:Nothing\n"
        "misplaced = shelf:Sign\n"
        f"[{stores.SOURCES}]\n"
        "sign = shelf:Sign\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shelf", raising=False)
    return tmp_path


def test_every_backend_of_ours_can_be_loaded_and_knows_its_scheme() -> None:
    found = entry_points(group=stores.GROUP)

    assert {entry.name for entry in found} >= {"consul", "dns"}
    for entry in found:
        kind = entry.load()
        assert issubclass(kind, Backend)
        assert entry.name in kind.schemes


@pytest.mark.parametrize("uri", ["shelf:", "shelf://", "SHELF://"])
@pytest.mark.usefixtures("plugin")
def test_a_backend_of_a_third_party_is_made_by_its_scheme(uri: str) -> None:
    made = stores.make([uri], SITE)

    assert [type(each).__name__ for each in made] == ["Shelf"]
    assert isinstance(made[0], MemoryBackend)


@pytest.mark.parametrize("uri", ["memory:", "memory://", "MEMORY://"])
def test_the_memory_is_a_registry_like_the_others(uri: str) -> None:
    (made,) = stores.make([uri], SITE)

    assert type(made) is MemoryBackend


@pytest.mark.parametrize("uri", ["nonsense://x", "nonsense", "", ":", "//x", "memory"])
@pytest.mark.usefixtures("plugin")
def test_what_is_no_registry_is_told_with_those_there_are(uri: str) -> None:
    with pytest.raises(ConfigError, match=r"consul, .*memory"):
        stores.make([uri], SITE)


@pytest.mark.parametrize("scheme", ["absent", "unnamed"])
@pytest.mark.usefixtures("plugin")
def test_a_backend_that_cannot_be_loaded_is_a_mistake_of_the_operators(
    scheme: str,
) -> None:
    with pytest.raises(ConfigError, match=f"{scheme}: it cannot be loaded"):
        stores.make([f"{scheme}://x"], SITE)


@pytest.mark.usefixtures("plugin")
def test_what_can_only_be_read_is_a_source_and_no_registry() -> None:
    assert stores.readable("sign://", SITE).uri == "sign://"
    with pytest.raises(ConfigError, match="'sign' is no registry"):
        stores.make(["sign://"], SITE)
    with pytest.raises(ConfigError, match="sign://: can only be read"):
        stores.make(["misplaced://"], SITE)


def test_a_registry_can_be_read_if_it_outlives_the_daemon() -> None:
    assert stores.readable("consul://h", SITE).uri == "consul://h:8500"
    with pytest.raises(ConfigError, match="only the daemon itself knows"):
        stores.readable("memory://", SITE)


@pytest.mark.usefixtures("plugin")
def test_all_mistakes_of_all_uris_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        stores.make(["x://1", "memory://host", "memory:", "y"], SITE)

    assert len(raised.value.problems) == 3


def test_a_secret_in_a_uri_is_not_told() -> None:
    with pytest.raises(ConfigError) as raised:
        stores.make(["nonsense://user:secret@host?token=secret"], SITE)

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("consul://h", "consul://h:8500"),
        ("consul://:one@h", "consul://:two@h"),
        ("consulkv://h/p", "consulkv://h/p/?format=json"),
        ("etcd://h/s", "etcd://h:2379/s?format=json"),
        ("etcd://a,b/s", "etcd://b,a/s"),
        ("skydns2://h/cluster.local", "coredns://h/cluster.local"),
        ("zookeeper://a,b/s", "zookeeper://b,a/s?format=registrator"),
        ("eureka://h", "eureka://h:8761/eureka?poll=5"),
        ("dns://127.0.0.1:8600", "dns://127.0.0.1:8600"),
    ],
)
def test_a_registry_that_stands_twice_is_a_mistake(first: str, second: str) -> None:
    with pytest.raises(ConfigError, match="stands more than once") as caught:
        stores.make([first, second], SITE)

    assert len(caught.value.problems) == 1
    assert "one" not in str(caught.value).replace("once", "")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("consul://h", "consulkv://h"),
        ("consul://h", "consul://i"),
        ("consulkv://h/p", "consulkv://h/q"),
        ("etcd://h/s", "etcd://h/t"),
        ("etcd://h/skydns", "skydns2://h/cluster.local"),
        ("zookeeper://h/s", "zookeeper://h/s?format=nerve"),
        ("zookeeper://h/s", "zookeeper://h/s?chroot=/c"),
        ("eureka://h", "eureka://i"),
    ],
)
def test_two_registries_may_be_alike(first: str, second: str) -> None:
    assert len(stores.make([first, second], SITE)) == 2
