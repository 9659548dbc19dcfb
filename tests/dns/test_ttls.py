import pytest

from registrator_dns.ttls import Ttls, read_ttls

PATTERNS = "DB:10,web*:3,web-a*:4,web-admin:2,*:5"


@pytest.mark.parametrize(
    ("names", "ttl"),
    [
        (["db"], 10),
        (["Db"], 10),
        (["dbx"], 5),
        (["web"], 3),
        (["web-b"], 3),
        (["web-api"], 4),
        (["web-admin"], 2),
        (["blue.db"], 5),
        (["db", "other"], 5),
        (["db", "web"], 3),
        ([], 0),
    ],
)
def test_a_name_goes_before_its_longest_beginning(names: list[str], ttl: int) -> None:
    mistakes: list[str] = []

    assert read_ttls(PATTERNS, mistakes).least(names) == ttl
    assert mistakes == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", Ttls(default=5)),
        ("*:5", Ttls(default=5)),
        ("db:10", Ttls(exact={"db": 10})),
        ("a:b:10", Ttls(exact={"a:b": 10})),
        ("blue.web:1", Ttls(exact={"blue.web": 1})),
        ("a*:1,ab*:2", Ttls(beginnings={"ab": 2, "a": 1})),
        ("db:10,5", Ttls(default=5, exact={"db": 10})),
        ("0", Ttls()),
    ],
)
def test_patterns_are_read(text: str, expected: Ttls) -> None:
    mistakes: list[str] = []

    assert read_ttls(text, mistakes) == expected
    assert mistakes == []


def test_the_longest_beginning_comes_first() -> None:
    assert list(read_ttls("a*:1,abc*:2,ab*:3", []).beginnings) == ["abc", "ab", "a"]


@pytest.mark.parametrize("names", [["a"], []])
def test_one_ttl_is_that_of_every_name(names: list[str]) -> None:
    assert Ttls(default=7).least(names) == 7


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "ttl '' is not a number of seconds up to 2147483647"),
        ("db:", "ttl '' is not a number of seconds"),
        ("db:x", "ttl 'x' is not a number of seconds"),
        (":5", "ttl ':5': write name:5, beginning*:5 or *:5"),
        ("a*b:5", "ttl 'a*b:5': write name:5, beginning*:5 or *:5"),
        ("db:1,DB:2", "ttl 'db:1,DB:2' has two for db"),
        ("5,6", "ttl '5,6' has two for *"),
        ("db:5,", "ttl '' is not a number"),
        ("-1", "ttl '-1' is not a number"),
        ("2147483648", "ttl '2147483648' is not a number"),
    ],
)
def test_a_mistake_is_told(text: str, mistake: str) -> None:
    mistakes: list[str] = []
    read_ttls(text, mistakes)

    assert mistake in mistakes[0]
