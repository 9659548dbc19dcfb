import json
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registrator import config
from registrator.errors import ConfigError
from registrator.settings import Settings, options

ROOT = Path(__file__).parent.parent
IN_FILE = {option.flag: option for option in options() if option.in_file}
SCHEMA = config.schema()

Write = Callable[[str | bytes], Path]


@pytest.fixture(params=["yaml", "toml"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    """Write a configuration in the language of the parameter."""

    def to(text: str | bytes) -> Path:
        path = tmp_path / f"registrator.{request.param}"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return to


def yaml_file(path: Path, text: str | bytes) -> Path:
    file = path / "r.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def load(path: Path) -> Settings:
    return config.load([f"-config={path}"], {})


def mistakes(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        load(path)
    return tuple(line.removeprefix(f"{path}: ") for line in raised.value.problems)


FULL: dict[str, object] = {
    "registries": ["consul://127.0.0.1:8500", "dns://"],
    "ip": "10.0.0.1",
    "internal": True,
    "explicit": False,
    "useIpFromLabel": "ip",
    "network": "back",
    "tags": "1.10",
    "node-name": "host-1",
    "ttl": 90,
    "ttl-refresh": 29.5,
    "max-removals": 0.25,
    "retry-attempts": -1,
    "deregister": "on-success",
    "log-level": "debug",
}

WANTED = Settings(
    registries=("consul://127.0.0.1:8500", "dns://"),
    ip="10.0.0.1",
    internal=True,
    use_ip_from_label="ip",
    network="back",
    tags="1.10",
    node_name="host-1",
    ttl=90.0,
    ttl_refresh=29.5,
    max_removals=0.25,
    deregister="on-success",
    log_level="debug",
)


def test_a_yaml_file_sets_everything_under_the_names_of_the_flags(
    tmp_path: Path,
) -> None:
    file = yaml_file(tmp_path, yaml.safe_dump(FULL))

    assert vars_of(load(file)) == {**vars_of(WANTED), "config": str(file)}


def test_a_toml_file_sets_everything_under_the_names_of_the_flags(
    tmp_path: Path,
) -> None:
    file = tmp_path / "r.toml"
    file.write_text("\n".join(f"{k} = {json.dumps(v)}" for k, v in FULL.items()))

    assert vars_of(load(file)) == {**vars_of(WANTED), "config": str(file)}


def vars_of(settings: Settings) -> dict[str, object]:
    return {
        option.attribute: getattr(settings, option.attribute) for option in options()
    }


def test_an_empty_file_sets_nothing(write: Write) -> None:
    file = write("# nothing\n")

    assert load(file) == Settings(config=str(file))


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    assert load(yaml_file(tmp_path, b"\xef\xbb\xbfttl: 30\n")).ttl == 30.0


def test_registries_may_be_one_line_of_text(tmp_path: Path) -> None:
    file = yaml_file(tmp_path, "registries: consul://a dns://b\n")

    assert load(file).registries == ("consul://a", "dns://b")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ip: [10.0.0.1]", "ip: address is expected, not a list"),
        ("ip: {a: b}", "ip: address is expected, not a dict"),
        ("ip:", "ip: address is expected, not nothing"),
        ("tags: 1.10", "tags: text is expected, not a float"),
        ("network: on", "network: text is expected, not a bool"),
        ("tags: 2026-01-01", "tags: text is expected, not a date"),
        ("node-name: 7", "node-name: name is expected, not a int"),
        ("ttl: 2026-01-01", "ttl: seconds is expected, not a date"),
        ("ttl: null", "ttl: seconds is expected, not nothing"),
        ("ttl: true", "ttl: seconds is expected, not a bool"),
        ("ttl: [1]", "ttl: seconds is expected, not a list"),
        ("ttl: .nan", "ttl: 'nan' is not a number of seconds"),
        ("ttl: .inf", "ttl: seconds is expected, not a float"),
        ("ttl: -1", "ttl: '-1' is not a number of seconds"),
        (f"ttl: 0x{'f' * 5000}", "ttl: seconds is expected, not a int"),
        ("internal: [true]", "internal: true or false is expected, not a list"),
        ("internal: maybe", "internal: 'maybe' is not true or false"),
        ("retry-attempts: 1.5", "retry-attempts: '1.5' is not a whole number"),
        ("log-level: off", "log-level: debug|info|warning|error is expected"),
        ("registries: [1]", "registries: URI ... is expected, not a list"),
        ("registries: []", "no registry URI is left"),
        ("ttl_refresh: 3", "ttl_refresh: there is no such setting; did you mean ttl-r"),
        ("config: x", "config: there is no such setting"),
        ("version: true", "version: there is no such setting"),
        ("7: 1", "int: there is no such setting"),
        (f"? 0x{'f' * 5000}\n: 1", "int: there is no such setting"),
        ("null: 1", "NoneType: there is no such setting"),
        ("- ttl", "a table of settings is expected"),
        ("ttl", "a table of settings is expected"),
    ],
)
def test_a_wrong_value_in_yaml_is_told_with_its_place(
    line: str, told: str, tmp_path: Path
) -> None:
    assert mistakes(yaml_file(tmp_path, line))[0].startswith(told)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ip = ['10.0.0.1']", "ip: address is expected, not a list"),
        ("ttl = 2026-01-01", "ttl: seconds is expected, not a date"),
        ("ttl.a = 1", "ttl: seconds is expected, not a dict"),
        ("ttl = inf", "ttl: seconds is expected, not a float"),
        ("[settings]\nttl = 1", "settings: there is no such setting"),
        ("ttl = 1\nttl = 2", "Cannot overwrite a value"),
        ("ttl =", "Invalid value"),
    ],
)
def test_a_wrong_value_in_toml_is_told_with_its_place(
    line: str, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "r.toml"
    file.write_text(line)

    assert mistakes(file)[0].startswith(told)


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "\t",
        "a: b: c",
        "ttl: !!python/object/apply:os.system [true]",
        'ttl: !!int ""',
        "ttl: !!bool maybe",
        "ttl: !!timestamp x",
        'ttl: !!float ""',
        "ttl: 2026-99-99",
        "? [a]\n: 1",
        "a: 1\n---\nb: 2",
        "\x00",
        "\x1b",
        "&a [*a]",
        "%YAML 9",
        "? !!str {=: ttl}\n: 1",
    ],
)
def test_what_is_no_yaml_is_told_in_one_line(text: str, tmp_path: Path) -> None:
    (told,) = mistakes(yaml_file(tmp_path, text))

    assert told
    assert "\n" not in told


def test_a_file_in_another_encoding_is_told(write: Write) -> None:
    (told,) = mistakes(write("# größe\n".encode("latin-1")))

    assert "utf-8" in told


def test_a_binary_file_is_told(write: Write) -> None:
    assert mistakes(write(bytes(range(256)) * 64))


def laughs(line: str, first: str) -> str:
    """Make nine lines that stand for nine to the power of nine values."""
    lines = [first]
    lines += [
        line.format(name=name, before=", ".join([f"*{before}"] * 9))
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n".join([*lines, "tags: *i"])


@pytest.mark.parametrize(
    "text",
    [
        laughs("{name}: &{name} [{before}]", "a: &a [ha]"),
        laughs("{name}: &{name}\n  <<: [{before}]", "a: &a\n  ha: ha"),
        "tags: &a [*a]",
        "tags: &a\n  b: *a",
    ],
    ids=["lists", "merged", "a list in itself", "a table in itself"],
)
def test_aliases_that_would_fill_memory_are_refused(text: str, tmp_path: Path) -> None:
    assert mistakes(yaml_file(tmp_path, text)) == ("aliases (*name) are not supported",)


@pytest.mark.parametrize("bracket", ["[", "{a: ", "- ", "? "])
def test_endless_nesting_in_yaml_is_told(bracket: str, tmp_path: Path) -> None:
    (told,) = mistakes(yaml_file(tmp_path, bracket * 5000))

    assert "nested too deeply" in told or "maximum nesting depth" in told


def test_endless_nesting_in_toml_is_told(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text(f"a = {'[' * 5000}{']' * 5000}")

    assert mistakes(file) == ("nested too deeply",)


def test_a_huge_file_is_refused(write: Write) -> None:
    (told,) = mistakes(write("#" * 2_000_000))

    assert "bytes are no configuration" in told


def test_a_file_without_an_end_is_refused() -> None:
    (told,) = mistakes(Path("/dev/zero"))

    assert "bytes are no configuration" in told


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path / "none.yaml")

    assert told == "cannot be read: No such file or directory"


def test_a_directory_is_told(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path)

    assert told == "cannot be read: Is a directory"


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("ttl: 30\n",))
    writer.start()

    settings = load(pipe)

    writer.join()
    assert settings.ttl == 30.0


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.dates(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=5,
    ),
    st.sampled_from(sorted(IN_FILE)),
)
def test_no_value_in_a_file_does_anything_but_load_or_be_told(
    tmp_path_factory: pytest.TempPathFactory, value: object, flag: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(yaml.safe_dump({flag: value}, allow_unicode=True))

    with suppress(ConfigError):
        load(file)


@given(
    data=st.binary(max_size=60) | st.text("-?:,[]{}#&*!|>'\"%@` \n\tabt1", max_size=40)
)
@pytest.mark.parametrize("ending", ["yaml", "toml"])
def test_no_file_does_anything_but_load_or_be_told(
    tmp_path_factory: pytest.TempPathFactory, ending: str, data: bytes | str
) -> None:
    file = tmp_path_factory.getbasetemp() / f"any.{ending}"
    file.write_bytes(data.encode() if isinstance(data, str) else data)

    with suppress(ConfigError):
        load(file)


def valid(value: object, schema: Mapping[str, Any]) -> bool:
    """Judge by the part of JSON Schema that the published one is made of."""
    unknown = schema.keys() - {"type", "enum", "minimum", "items", "description"}
    assert not unknown
    if "enum" in schema:
        return value in schema["enum"]
    types = schema["type"]
    python: Mapping[str, type | tuple[type, ...]] = {
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": (int, float),
        "array": list,
    }
    fits = any(
        isinstance(value, python[each])
        and not (isinstance(value, bool) and each != "boolean")
        for each in ([types] if isinstance(types, str) else types)
    )
    if isinstance(value, list) and fits:
        return all(valid(each, schema["items"]) for each in value)
    return fits and not ("minimum" in schema and value < schema["minimum"])


values = st.one_of(
    st.booleans(),
    st.integers(-3, 100),
    st.floats(-1, 100),
    st.sampled_from(["", "10.0.0.1", "a", "true", "never", "debug", "json", "50%"]),
    st.lists(st.sampled_from(["consul://a", "dns://"]), min_size=1, unique=True),
)


@given(st.sampled_from(sorted(IN_FILE)), values)
def test_what_the_published_schema_accepts_is_what_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, flag: str, value: object
) -> None:
    file = tmp_path_factory.getbasetemp() / "schema.yaml"
    file.write_text(yaml.safe_dump({flag: value}))
    properties = SCHEMA["properties"]
    assert isinstance(properties, dict)
    accepted = valid(value, properties[flag])

    loaded = False
    with suppress(ConfigError):
        load(file)
        loaded = True

    # The grammar of text, and what fits together, is for the daemon to know; a switch
    # or a number in quotes, or a switch as a number, is forgiven.
    left_open = isinstance(value, str) or flag in {"max-removals", "ttl-refresh"}
    assert loaded or left_open or not accepted
    assert accepted or not loaded or isinstance(value, str) or value in {0, 1}


def test_the_schema_allows_the_settings_of_a_file_and_no_others() -> None:
    properties = SCHEMA["properties"]

    assert isinstance(properties, dict)
    assert properties.keys() == IN_FILE.keys()
    assert SCHEMA["additionalProperties"] is False


def test_the_published_schema_is_the_one_of_the_code() -> None:
    published = json.loads((ROOT / "docs/config.schema.json").read_text())

    assert published == SCHEMA


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ttl: 30\nip: 10.0.0.1\nttl: 40\n", "ttl stands a second time in line 3"),
        ("{ttl: 30, 'ttl': 30}", "ttl stands a second time in line 1"),
        ("1: a\n1: b\n", "1 stands a second time in line 2"),
    ],
)
def test_a_setting_that_stands_twice_in_yaml_is_told(
    text: str, told: str, tmp_path: Path
) -> None:
    assert mistakes(yaml_file(tmp_path, text)) == (told,)
