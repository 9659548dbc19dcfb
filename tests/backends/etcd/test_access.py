"""Users, passwords, tokens, certificates: on real servers that ask for them."""

import ssl
from collections.abc import Sequence
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from certificates import Authority, Certificate
from contract.stores import agree, records
from etcds import PREFIX, at, opening
from fixtures.etcd import EtcdServer, StartEtcd
from proxy import Proxy
from registrator.backend import Site
from registrator.errors import Rejected, Unavailable
from registrator_backends.etcd import EtcdBackend
from samples import put, web
from tcp_proxy import TcpProxy
from waiting import eventually

pytestmark = pytest.mark.needs_etcd

USER = Site(
    node="here", environment={"ETCDCTL_USER": "me", "ETCDCTL_PASSWORD": "secret"}
)


@pytest.fixture
def guarded(either: EtcdServer) -> EtcdServer:
    """An etcd with users; "me" may read and write services."""
    either.add_user("me", "secret", PREFIX)
    either.require_users()
    return either


async def test_a_user_with_the_role_for_the_prefix_can_do_everything(
    guarded: EtcdServer,
) -> None:
    async with opening(at(guarded), USER) as backend:
        both = web(), web("here:web.2:80")
        await agree(backend, *both)
        await backend.refresh(await backend.owned())
        assert await backend.owned() == records(backend, both)

        async with aclosing(backend.watch()) as readings:  # type: ignore[type-var]
            assert len((await anext(readings)).instances) == 2
            await agree(backend, web())
            assert len((await anext(readings)).instances) == 1

        await agree(backend)
        assert guarded.range(PREFIX) == {}


async def test_another_time_to_live_is_moved_to_with_that_role(
    guarded: EtcdServer,
) -> None:
    async with opening(at(guarded), USER) as backend:
        await agree(backend, web())
    site = Site(node="here", ttl=30.0, environment=USER.environment)
    async with opening(at(guarded), site) as backend:
        await agree(backend, web())

        assert await backend.owned() == records(backend, [web()])
    assert len(guarded.leases()) == 1


async def test_one_login_serves_many_requests(guarded: EtcdServer) -> None:
    async with Proxy(guarded.port) as proxy, opening(at(proxy), USER) as backend:
        await agree(backend, web())
        await agree(backend)

        assert len(proxy.asked("auth/authenticate")) == 1


async def test_without_a_user_what_is_wanted_is_said(guarded: EtcdServer) -> None:
    async with opening(at(guarded)) as backend:
        with pytest.raises(
            Unavailable, match="user name is empty; check the user and the password"
        ):
            await agree(backend, web())


async def test_a_wrong_password_is_told_as_such(guarded: EtcdServer) -> None:
    async with opening(f"etcd://me:wrong@127.0.0.1:{guarded.port}/services") as backend:
        with pytest.raises(Unavailable, match="check the user and the pass") as caught:
            await backend.owned()

    assert "wrong" not in str(caught.value)


async def test_a_password_that_was_corrected_in_its_file_is_used(
    guarded: EtcdServer, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("wrong\n")
    uri = f"etcd://me@127.0.0.1:{guarded.port}/services?password_file={file}"
    async with opening(uri) as backend:
        with pytest.raises(Unavailable):
            await backend.owned()
        file.write_text("secret\n")

        assert await backend.owned() == {}


async def test_a_token_that_does_not_serve_any_more_is_replaced(
    guarded: EtcdServer,
) -> None:
    async with Proxy(guarded.port) as proxy, opening(at(proxy), USER) as backend:
        await agree(backend, web())
        # Ends all tokens of the user.
        guarded.ask("auth/user/changepw", {"name": "me", "password": "secret"})

        await agree(backend, web(), web("here:web.2:80"))

        assert len(await backend.owned()) == 2
        assert len(proxy.asked("auth/authenticate")) == 2


async def test_a_token_of_ours_is_sent_and_read_again_when_it_changes(
    guarded: EtcdServer, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("nonsense.1")
    uri = at(guarded, f"?token_file={file}")
    async with opening(uri) as backend:
        with pytest.raises(Unavailable, match="invalid auth token; check the user"):
            await agree(backend, web())
        guarded.login("me", "secret")
        file.write_text(guarded.token)

        await agree(backend, web())
        assert await backend.owned() == records(backend, [web()])


async def test_a_token_that_the_server_never_answers_to_is_given_up(
    guarded: EtcdServer, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("abcdefghijklmnop.999999999")
    uri = at(guarded, f"?token_file={file}")
    async with opening(uri, deadline=0.5) as backend:
        with pytest.raises(Unavailable, match="no answer in"):
            await agree(backend, web())


async def test_a_cluster_that_learns_to_ask_for_users_is_told_who_we_are(
    start_etcd: StartEtcd,
) -> None:
    server = start_etcd()
    server.add_user("me", "secret", PREFIX)
    async with opening(at(server), USER) as backend:
        await agree(backend, web())
        server.require_users()

        await agree(backend, web(), web("here:web.2:80"))

        assert len(await backend.owned()) == 2


async def test_a_role_that_changes_meanwhile_is_no_trouble(guarded: EtcdServer) -> None:
    async with opening(at(guarded), USER) as backend:
        await agree(backend, web())
        guarded.add_user("you", "secret", "/other/")
        await agree(backend, web(), web("here:web.2:80"))

        assert len(await backend.owned()) == 2


async def test_what_is_denied_on_one_path_does_not_spoil_the_others(
    either: EtcdServer,
) -> None:
    either.add_user("me", "secret", "/services/web/", "/services/shop/")
    either.require_users()
    many = [web(f"here:web.{number}:80") for number in range(40)]
    denied = web("here:db:80", name="db")
    async with opening(at(either), USER) as backend:
        failures = await put(backend, *many[:20], denied, *many[20:])

        assert list(failures) == [denied.id]
        assert isinstance(failures[denied.id], Rejected)
        assert "permission denied; the user's role must" in str(failures[denied.id])
        assert await backend.owned() == records(backend, many)


async def test_a_reader_without_the_right_is_told_so(either: EtcdServer) -> None:
    either.add_user("me", "secret", "/services/web/")
    either.require_users()
    async with opening(at(either), USER) as backend:
        async with aclosing(backend.watch()) as readings:  # type: ignore[type-var]
            with pytest.raises(Unavailable, match="permission denied"):
                await anext(readings)
        async with aclosing(backend.watch("web")) as readings:  # type: ignore[type-var]
            assert (await anext(readings)).instances == {}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def encrypted(
    start_etcd: StartEtcd,
    authority: Authority,
    server: Certificate | None = None,
    **settings: object,
) -> EtcdServer:
    """Start an etcd that wants certificates of its clients."""
    files = server or authority.issue("server")
    return start_etcd(
        {
            "cert-file": files.cert,
            "key-file": files.key,
            "client-cert-auth": True,
            "trusted-ca-file": files.ca,
            **settings,
        },
        tls=authority.issue("test", "tester@example.com").context()
        if server is None
        else _blind(authority),
    )


def _blind(authority: Authority) -> ssl.SSLContext:
    context = authority.issue("test", "tester@example.com").context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def uri(server: EtcdServer, *options: str, user: str = "") -> str:
    place = f"etcds://{user}127.0.0.1:{server.port}/services"
    return f"{place}?{'&'.join(options)}"


def identity(files: Certificate) -> Sequence[str]:
    return f"ca={files.ca}", f"cert={files.cert}", f"key={files.key}"


async def test_certificates_are_shown_and_verified(
    start_etcd: StartEtcd, authority: Authority
) -> None:
    server = encrypted(start_etcd, authority)
    files = authority.issue("client", "host@example.com")
    async with opening(uri(server, *identity(files))) as backend:
        await agree(backend, web())
        assert await backend.owned() == records(backend, [web()])

        async with aclosing(backend.watch()) as readings:  # type: ignore[type-var]
            assert len((await anext(readings)).instances) == 1


async def test_a_user_and_a_certificate_without_a_name_go_together(
    start_etcd: StartEtcd, authority: Authority
) -> None:
    server = encrypted(start_etcd, authority)
    server.add_user("me", "secret", PREFIX)
    server.require_users()
    files = authority.issue("client", "host@example.com")
    async with opening(uri(server, *identity(files)), USER) as backend:
        await agree(backend, web())

        assert await backend.owned() == records(backend, [web()])


async def test_a_user_and_a_certificate_with_a_name_are_told_apart(
    start_etcd: StartEtcd, authority: Authority
) -> None:
    server = encrypted(start_etcd, authority)
    server.add_user("me", "secret", PREFIX)
    server.require_users()
    files = authority.issue("client", "host@example.com", common_name="host")
    async with opening(uri(server, *identity(files)), USER) as backend:
        with pytest.raises(Unavailable, match="wants a client certificate without a"):
            await backend.owned()


async def refusal(backend: EtcdBackend) -> str:
    async with backend:
        with pytest.raises(Unavailable) as caught:
            await backend.owned()
    return str(caught.value)


async def test_without_a_certificate_the_server_turns_us_away(
    start_etcd: StartEtcd, authority: Authority
) -> None:
    server = encrypted(start_etcd, authority)

    told = await refusal(opening(uri(server, f"ca={authority.ca}")))

    assert told.startswith(f"etcds://127.0.0.1:{server.port}: ")


async def test_an_authority_that_we_do_not_trust_is_told_as_such(
    start_etcd: StartEtcd, authority: Authority, tmp_path: Path
) -> None:
    server = encrypted(start_etcd, authority)
    (elsewhere := tmp_path / "elsewhere").mkdir()
    other = Authority(elsewhere).issue("client")

    told = await refusal(opening(uri(server, *identity(other))))

    assert "its certificate is not accepted" in told


async def test_a_certificate_that_has_expired_is_told_as_such(
    start_etcd: StartEtcd, authority: Authority
) -> None:
    server = encrypted(start_etcd, authority, authority.issue("old", expired=True))
    files = authority.issue("client", "host@example.com")

    told = await refusal(opening(uri(server, *identity(files))))

    assert "certificate has expired" in told


async def test_a_certificate_for_another_host_is_told_as_such(
    start_etcd: StartEtcd, authority: Authority
) -> None:
    server = encrypted(start_etcd, authority, authority.issue("other", "other.example"))
    files = authority.issue("client", "host@example.com")

    told = await refusal(opening(uri(server, *identity(files))))

    assert "its certificate is not accepted" in told
    blind = Site(node="here", environment={"ETCDCTL_INSECURE_SKIP_TLS_VERIFY": "true"})
    async with opening(uri(server, *identity(files)), blind) as backend:
        assert await backend.owned() == {}


async def test_plain_http_at_a_server_with_tls_is_told_as_such(
    start_etcd: StartEtcd, authority: Authority
) -> None:
    server = encrypted(start_etcd, authority)

    told = await refusal(opening(at(server)))

    assert told.startswith(f"etcd://127.0.0.1:{server.port}: ")


async def test_tls_at_a_server_without_it_is_told_as_such(etcd: EtcdServer) -> None:
    told = await refusal(opening(f"etcds://127.0.0.1:{etcd.port}"))

    assert "is TLS as it should be?" in told


async def test_a_token_of_before_does_not_hang_for_ever(
    guarded: EtcdServer,
) -> None:
    with TcpProxy(guarded.port) as line:
        async with opening(at(line), USER, deadline=1.0) as backend:

            async def agreed() -> bool:
                with suppress(Unavailable):
                    return await agree(backend, web()) == {}
                return False

            await eventually(agreed, "it is answered in time")
            line.freeze()
            with pytest.raises(Unavailable, match="no answer in"):
                await backend.owned()
            line.heal()

            await eventually(agreed, "it is answered in time")
            assert guarded.values(PREFIX).keys() == {"/services/web/here:web.1:80"}
