"""Who we are to a ZooKeeper, what we may do, and who may do what with our znodes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kazoo.security import make_acl, make_digest_acl

from certificates import Authority, Certificate
from fixtures.zookeeper import StartZooKeeper, ZooKeeper
from registrator.backend import Site
from registrator.errors import Unavailable
from registrator_backends.zookeeper import ZooKeeperBackend
from samples import drop, put, web
from zookeepers import agree, at, at_last

pytestmark = pytest.mark.needs_zookeeper

A = web("here:web.1:80")
SECRET = "pä55 word"
RECORD = "/www/web/10.0.0.1:8000"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def guarded(zookeeper: ZooKeeper) -> Iterator[ZooKeeper]:
    """A ZooKeeper where /www is for one user."""
    acl = [make_digest_acl("ann", "secret", all=True)]
    zookeeper.create("/www", acl=acl)
    yield zookeeper
    zookeeper.client.add_auth("digest", "ann:secret")


async def test_whoever_knows_the_password_may_write(guarded: ZooKeeper) -> None:
    async with at(guarded, login="ann:secret") as backend:
        assert await agree(backend, A) == {}


@pytest.mark.parametrize("login", ["", "ann:wrong", "bob:secret"])
async def test_whoever_does_not_is_told_for_each_service(
    guarded: ZooKeeper, login: str
) -> None:
    async with at(guarded, login=login) as backend:
        failures = await put(backend, A)

        error = failures[A.id]
        assert isinstance(error, Unavailable)
        assert str(error) == f"{backend.uri}: {A.id}: /www/web: permission denied"


async def test_a_path_that_is_denied_is_in_the_way_of_nobody_else(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    acl = [make_acl("world", "anyone", read=True)]
    zookeeper.create("/www")
    zookeeper.create("/www/shop", acl=acl)
    shops = [web(f"here:shop.{n}:80", name="shop", port=n) for n in range(1, 60)]

    failures = await put(backend, A, *shops)

    assert failures.keys() == {each.id for each in shops}
    assert str(failures[shops[0].id]) == (
        f"{backend.uri}: {shops[0].id}: /www/shop/10.0.0.1:1: permission denied"
    )
    assert (await backend.owned()).keys() == {A.id}


async def test_what_may_not_be_read_is_never_a_part(zookeeper: ZooKeeper) -> None:
    async with at(zookeeper) as backend:
        await agree(backend, A)
        (session,) = zookeeper.sessions()
        acl = [make_acl("world", "anyone", delete=True, admin=True)]
        zookeeper.client.set_acls(RECORD, acl)

        with pytest.raises(Unavailable, match=f"{RECORD}: permission denied"):
            await backend.owned()
        assert session


async def test_an_acl_stands_on_everything_we_make(zookeeper: ZooKeeper) -> None:
    path = "/www?acl=creator-all-read"
    async with at(zookeeper, path, login="ann:secret") as backend:
        assert await agree(backend, A) == {}

    for each in zookeeper.tree():
        if each != "/":
            (own, other), _ = zookeeper.client.get_acls(each)
            assert (own.id.scheme, own.perms) == ("digest", 31)
            assert (other.id.scheme, other.perms) == ("world", 1)
    zookeeper.client.add_auth("digest", "ann:secret")


async def test_an_acl_that_the_server_does_not_take_is_told(
    zookeeper: ZooKeeper,
) -> None:
    async with at(zookeeper, "/www?acl=ip:nonsense:cdrwa") as backend:
        failures = await put(backend, A)

        assert "the server does not take this acl" in str(failures[A.id])


async def test_a_user_known_to_sasl_may_write(start_zookeeper: StartZooKeeper) -> None:
    server = start_zookeeper(users={"ann": "secret"})
    path = "/www?auth=sasl&acl=sasl:ann:cdrwa,world:anyone:r"
    async with at(server, path, login="ann:secret") as backend:
        assert await agree(backend, A) == {}

    (acl, _), _ = server.client.get_acls("/www")
    assert (acl.id.scheme, acl.id.id) == ("sasl", "ann")


async def test_a_user_that_sasl_refuses_is_told(
    start_zookeeper: StartZooKeeper,
) -> None:
    server = start_zookeeper(users={"ann": "secret"})
    async with at(server, "/www?auth=sasl", login="ann:wrong") as backend:
        for step in (backend.owned(), put(backend, A), drop(backend, A.id)):
            with pytest.raises(Unavailable) as raised:
                await step
            assert str(raised.value) == f"{backend.uri}: user 'ann' is refused"


async def test_a_server_that_knows_nothing_of_sasl_is_told(
    zookeeper: ZooKeeper,
) -> None:
    path, login = "/www?auth=sasl", "ann:secret"
    async with at(zookeeper, path, login=login, deadline=0.5) as backend:
        with pytest.raises(Unavailable, match=r"no answer in 0\.5 s"):
            await backend.owned()


async def test_a_password_file_is_read_again_when_it_changes(
    start_zookeeper: StartZooKeeper, tmp_path: Path
) -> None:
    server = start_zookeeper(users={"ann": "secret"})
    file = tmp_path / "password"
    file.write_text("wrong\n")
    path = f"/www?auth=sasl&password_file={file}"
    async with at(server, path, login="ann") as backend:
        with pytest.raises(Unavailable, match="refused"):
            await backend.owned()
        file.write_text("secret\n")

        assert await agree(backend, A) == {}


async def test_no_secret_is_told(
    zookeeper: ZooKeeper, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    login = "ann:topsecret"
    async with at(zookeeper, "/www?acl=ip:topsecret:r", login=login) as backend:
        failures = await put(backend, A)
        said = [backend.uri, str(failures), repr(vars(backend))]

    assert "topsecret" not in "".join(said) + caplog.text


def encrypted(server: ZooKeeper, options: str) -> ZooKeeperBackend:
    uri = f"zookeeper://127.0.0.1:{server.tls_port}/www?{options}"
    return ZooKeeperBackend.from_uri(uri, Site(node="here"))


def known_by(certificate: Certificate) -> str:
    return f"tls&ca={certificate.ca}&cert={certificate.cert}&key={certificate.key}"


async def test_a_certificate_lets_us_in(
    start_zookeeper: StartZooKeeper, authority: Authority
) -> None:
    server = start_zookeeper(tls=authority.issue("server"))
    many = [web(f"here:many.{n}:80", port=n) for n in range(1, 301)]
    async with encrypted(server, known_by(authority.issue("client"))) as backend:
        assert await agree(backend, *many) == {}
        assert len(await backend.owned()) == 300
        with server.outage():
            with pytest.raises(Unavailable):
                await backend.owned()
            with pytest.raises(Unavailable, match="no connection: Connection refused"):
                await backend.owned()
        await at_last(backend, *many[100:])
        assert len(await backend.owned()) == 200


async def test_an_expired_certificate_of_the_server_is_told(
    start_zookeeper: StartZooKeeper, authority: Authority
) -> None:
    server = start_zookeeper(tls=authority.issue("server", expired=True))
    async with encrypted(server, known_by(authority.issue("client"))) as backend:
        with pytest.raises(Unavailable, match="certificate has expired"):
            await backend.owned()


async def test_a_server_of_another_authority_is_not_trusted(
    start_zookeeper: StartZooKeeper, authority: Authority, tmp_path: Path
) -> None:
    server = start_zookeeper(tls=authority.issue("server"))
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other").issue("client")
    async with encrypted(server, known_by(other)) as backend:
        with pytest.raises(Unavailable, match=r"self.signed|local issuer"):
            await backend.owned()


async def test_a_certificate_of_another_name_is_not_trusted_unless_it_is_named(
    start_zookeeper: StartZooKeeper, authority: Authority
) -> None:
    server = start_zookeeper(tls=authority.issue("server", "zk.example"))
    known = known_by(authority.issue("client"))
    async with encrypted(server, known) as backend:
        with pytest.raises(Unavailable, match=r"127.0.0.1"):
            await backend.owned()
    async with encrypted(server, f"{known}&server_name=zk.example") as backend:
        assert await agree(backend, A) == {}


@pytest.mark.parametrize("expired", [True, False])
async def test_a_server_that_refuses_our_certificate_is_told(
    start_zookeeper: StartZooKeeper, authority: Authority, expired: bool
) -> None:
    server = start_zookeeper(tls=authority.issue("server"))
    ours = authority.issue("client", expired=True)
    known = known_by(ours) if expired else f"tls&ca={ours.ca}"
    async with encrypted(server, known) as backend:
        with pytest.raises(Unavailable, match=r"certificate|broke off"):
            await backend.owned()


async def test_tls_to_a_port_without_it_is_told(
    zookeeper: ZooKeeper, authority: Authority
) -> None:
    ours = authority.issue("client")
    uri = f"zookeeper://127.0.0.1:{zookeeper.port}/www?{known_by(ours)}"
    address = ZooKeeperBackend.from_uri(uri, Site(node="here"))
    async with address as backend:
        with pytest.raises(Unavailable, match=r"no connection|no answer"):
            await backend.owned()


async def test_a_port_with_tls_wants_it(
    start_zookeeper: StartZooKeeper, authority: Authority
) -> None:
    server = start_zookeeper(tls=authority.issue("server"))
    uri = f"zookeeper://127.0.0.1:{server.tls_port}/www"
    async with ZooKeeperBackend.from_uri(uri, Site(node="here")) as backend:
        with pytest.raises(Unavailable, match=r"broke off|no answer"):
            await backend.owned()
