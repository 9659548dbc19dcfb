"""What a configuration may say of the files that are written beside HAProxy's."""

from collections.abc import Collection, Iterable, Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from registrator_haproxy.configuration.table import Several, Table, Text

CANDIDATE: Final = "{file}"
"""In the words of `validate`: where the text is that is to be judged."""


def _path(text: str) -> str:
    """Let through a path that has one spelling, so that two can be compared."""
    steps = text.split("/")[1:]
    if not text.startswith("/") or {"", ".", ".."} & {*steps}:
        raise ValueError("a path begins with /, and has no //, no . and no .. in it")
    if not text.isprintable():
        raise ValueError("a path has printable characters only")
    return text


FilePath = Annotated[str, AfterValidator(_path)]


class Output(Table):
    """One file, or a directory of one file a service."""

    file: FilePath | None = None
    directory: FilePath | None = None
    """Where each service has a file `NAME.json`."""
    template: FilePath | None = None
    """A jinja2 template, which is read anew when it changes."""
    format: Literal["file-sd", "synapse-json"] | None = None
    services: Annotated[Several[Text], Field(min_length=1)] | None = None
    """Which services are in it; not given: all."""
    validate_: Several[Text] = Field(default=(), alias="validate")
    """The command that judges a new text, word by word: there is no shell."""
    notify: Several[Text] = ()
    """The command that is run when there is a new text, word by word."""
    mode: Annotated[str, StringConstraints(pattern=r"^0?[0-7]{3}$")] | None = None
    """The file's mode; not given: it stays, and a new file has 0644."""
    deadline: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """Seconds that each command may take."""

    @property
    def place(self) -> str:
        """The path of the file, or of the directory."""
        return self.file or self.directory or ""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.file is None) == (self.directory is None):
            raise ValueError("an output has either `file` or `directory`")
        if (self.template is None) == (self.format is None):
            raise ValueError("an output has either `template` or `format`")
        if self.template is not None and self.file is None:
            raise ValueError("a template makes one text, for a `file`")
        if self.format == "synapse-json" and self.directory is None:
            raise ValueError("synapse-json is a file a service, in a `directory`")
        if self.validate_ and not any(CANDIDATE in word for word in self.validate_):
            raise ValueError(
                f"no word of `validate` has {CANDIDATE}, where the new text is"
            )
        return self


def refuse_clashes(
    outputs: Iterable[Output], services: Collection[str], own: Collection[str]
) -> None:
    """Raise ValueError where two would write one file; *own* are HAProxy's paths."""
    outputs = tuple(outputs)
    templates = {each.template for each in outputs}
    taken: set[str] = set()
    for output in outputs:
        for name in output.services or ():
            if name not in services:
                raise ValueError(f"output {output.place}: there is no service {name}")
        for path in _paths(output, services):
            if path in own:
                raise ValueError(f"output {output.place}: {path} is HAProxy's own")
            if path in templates:
                raise ValueError(f"output {output.place}: {path} is a template")
            if path in taken:
                raise ValueError(f"two outputs are written into {path}")
            taken.add(path)


def _paths(output: Output, services: Iterable[str]) -> Iterator[str]:
    yield output.place
    if output.directory is not None:
        names = output.services or services
        yield from (f"{output.directory}/{name}.json" for name in names)
