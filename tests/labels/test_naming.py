import pytest

from labels.making import ID, container, decisions, environment, ports, published, rules
from registrator.labels import decide
from registrator.labels.naming import default_name

WEB = {"exposed": (), "published": published(p80=8000, p443=4443)}
DNS = {"exposed": (), "published": published(p53=5300, p53_udp=5300)}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param("redis", "redis", id="a bare name"),
        pytest.param("redis:6", "redis", id="a tag"),
        pytest.param("team/redis", "redis", id="a path"),
        pytest.param("reg:5000/a/b", "b", id="a registry with a port"),
        pytest.param("reg:5000/a/b:1", "b", id="a registry with a port and a tag"),
        pytest.param("team/redis@sha256:" + "a" * 64, "redis", id="a digest"),
        pytest.param("redis:6@sha256:" + "a" * 64, "redis", id="a tag and a digest"),
        pytest.param("sha256:" + "a" * 64, "nginx.0", id="an id"),
        pytest.param("sha256:" + "a" * 12, "nginx.0", id="a short id"),
        pytest.param("a" * 64, "nginx.0", id="a bare id"),
        pytest.param("sha256:latest", "sha256", id="an image that is called sha256"),
        pytest.param("b" * 12, "b" * 12, id="twelve digits may be a name"),
        pytest.param("", "nginx.0", id="none"),
        pytest.param("team/", "nginx.0", id="no last word"),
    ],
)
def test_an_image_gives_the_name(image: str, expected: str) -> None:
    assert default_name(container(image=image, image_id="a" * 64)) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param("4bb46517cac3", "nginx.0", id="a short id"),
        pytest.param("4bb465", "nginx.0", id="a shorter one"),
        pytest.param("4bb4", "4bb4", id="hardly an id"),
        pytest.param("4bb46517cac4", "4bb46517cac4", id="another's"),
        pytest.param("4bb46517cac3:1", "4bb46517cac3", id="a name with a tag"),
        pytest.param("4BB46517CAC3", "4BB46517CAC3", id="no id is in capitals"),
        pytest.param("4bb46517cac3" + "0" * 52, "nginx.0", id="a whole id"),
    ],
)
def test_the_beginning_of_the_images_id_is_no_name(image: str, expected: str) -> None:
    known = container(image=image, image_id="4bb46517cac3" + "0" * 52)

    assert default_name(known) == expected
    assert default_name(container(image="4bb46517cac3")) == "4bb46517cac3"


@pytest.mark.parametrize(
    ("variables", "changes", "expected"),
    [
        pytest.param([], {}, ["nginx"], id="one port"),
        pytest.param([], WEB, ["nginx-80", "nginx-443"], id="two ports"),
        pytest.param([], DNS, ["nginx-53", "nginx-53"], id="two transports are two"),
        pytest.param(["SERVICE_NAME=a"], {}, ["a"], id="a name"),
        pytest.param(["SERVICE_NAME="], {}, ["nginx"], id="an empty name is none"),
        pytest.param(["SERVICE_NAME=a"], WEB, ["a-80", "a-443"], id="a name for two"),
        pytest.param(["SERVICE_80_NAME=a"], WEB, ["a", "nginx-443"], id="of a port"),
        pytest.param(["SERVICE_80_NAME="], WEB, ["nginx", "nginx-443"], id="none here"),
        pytest.param(["SERVICE_1-999_NAME=a"], WEB, ["a", "a"], id="of a range"),
        pytest.param(
            ["SERVICE_53_UDP_NAME=a"], DNS, ["nginx-53", "a"], id="of a transport"
        ),
        pytest.param(["SERVICE_80_IGNORE=1"], WEB, ["nginx-443"], id="ignored counts"),
        pytest.param(
            [],
            {"published": published(p80=8000, p443=0)},
            ["nginx"],
            id="unpublished does not",
        ),
    ],
)
def test_a_service_is_named(
    variables: list[str], changes: dict[str, object], expected: list[str]
) -> None:
    found = decisions(*variables, **changes)

    assert [each.service.name for each in found if each.service] == expected


@pytest.mark.parametrize(
    ("variables", "changes", "expected"),
    [
        pytest.param([], {}, ["testhost:nginx.0:80"], id="host, container, port"),
        pytest.param(
            [], DNS, ["testhost:nginx.0:53", "testhost:nginx.0:53:udp"], id="udp"
        ),
        pytest.param(
            [],
            {"exposed": (), "published": published(p5_sctp=5)},
            ["testhost:nginx.0:5:sctp"],
            id="sctp",
        ),
        pytest.param(["SERVICE_ID=a"], {}, ["a"], id="an id for one port"),
        pytest.param(["SERVICE_ID="], {}, ["testhost:nginx.0:80"], id="an empty id"),
        pytest.param(["SERVICE_ID=a"], WEB, ["a:80", "a:443"], id="an id for two"),
        pytest.param(["SERVICE_ID=a"], DNS, ["a:53", "a:53:udp"], id="two transports"),
        pytest.param(["SERVICE_53_ID=a"], DNS, ["a:53", "a:53:udp"], id="of one port"),
        pytest.param(
            ["SERVICE_80_ID=a"], WEB, ["a", "testhost:nginx.0:443"], id="a port's own"
        ),
        pytest.param(
            ["SERVICE_ID=a", "SERVICE_80_ID=b"], WEB, ["b", "a"], id="one for the rest"
        ),
        pytest.param(
            ["SERVICE_ID=a", "SERVICE_80_IGNORE=1"], WEB, ["a"], id="ignored is no user"
        ),
    ],
)
def test_a_service_has_an_id(
    variables: list[str], changes: dict[str, object], expected: list[str]
) -> None:
    found = decisions(*variables, **changes)

    assert [each.service.id for each in found if each.service] == expected


def test_an_id_that_another_port_has_is_refused() -> None:
    three = {"exposed": (), "published": published(p80=1, p81=2, p82=3)}

    found = decisions(
        "SERVICE_80_ID=a", "SERVICE_81_ID=a", "SERVICE_82_ID=a:80", **three
    )

    assert [each.rule for each in found] == ["published", "published", "refused"]
    assert found[2].reason == "the id 'a:80' is taken by port 80/tcp"


def test_a_service_knows_its_container() -> None:
    (decision,) = decide(container(environment=environment()), rules())

    assert decision.service is not None
    assert decision.port == ports("80")[0]
    service = decision.service
    assert (service.container, service.container_name) == (ID, "nginx.0")
    assert service.image == "nginx"


def test_an_image_that_was_given_by_its_id_has_no_name() -> None:
    given = container(environment=environment(), image="sha256:" + "a" * 64)
    (decision,) = decide(given, rules())

    assert decision.service is not None
    assert (decision.service.name, decision.service.image) == ("nginx.0", "")
