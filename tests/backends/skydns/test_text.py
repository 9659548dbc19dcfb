import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registrator_backends.skydns.text import read_text, write_text

words = st.text(st.characters(codec="utf-8"), max_size=20) | st.text('tag=% \\",+&')


def test_tags_come_first_and_metadata_by_name() -> None:
    text = write_text(("b", "a"), {"zone": "eu", "version": "2"})

    assert text == "tag=b tag=a version=2 zone=eu"


@pytest.mark.parametrize(
    ("tags", "metadata", "text"),
    [
        ((), {}, ""),
        (("",), {}, "tag="),
        ((), {"": ""}, "="),
        (("a b", "a=b,c"), {}, "tag=a%20b tag=a=b,c"),
        (("büro", "日本"), {}, "tag=büro tag=日本"),
        (("50%",), {}, "tag=50%25"),
        ((), {"path": 'c:\\x "y"'}, "path=c:%5Cx%20%22y%22"),
        ((), {"tag": "x"}, "%74ag=x"),
        ((), {"a=b": "c=d"}, "a%3Db=c=d"),
        (("\x00", "\u202e"), {}, "tag=%00 tag=%E2%80%AE"),
    ],
)
def test_what_would_not_come_through_is_escaped(
    tags: tuple[str, ...], metadata: dict[str, str], text: str
) -> None:
    assert write_text(tags, metadata) == text
    assert read_text(text) == (tags, metadata)


@settings(deadline=None)
@given(st.lists(words), st.dictionaries(words, words))
def test_tags_and_metadata_are_read_as_they_were_written(
    tags: list[str], metadata: dict[str, str]
) -> None:
    assert read_text(write_text(tags, metadata)) == (tuple(tags), metadata)


@pytest.mark.parametrize(
    "text",
    [
        "this is a text",
        "v=spf1 -all",
        " ",
        "a=b ",
        "b=1 a=2",
        "a=1 a=2",
        "tag",
        "%zz=%",
    ],
)
def test_what_others_wrote_is_one_text(text: str) -> None:
    assert read_text(text) == ((), {"text": text})
