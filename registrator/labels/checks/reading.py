"""Finds the checks in a container's wishes: one without a number, others with."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from registrator.check import Check
from registrator.labels.checks.kinds import KINDS, OF_SOME, OPTIONS, check
from registrator.labels.checks.values import Asked, Target
from registrator.labels.whitelist import Refused, shown

MAX_CHECKS = 16

_NUMBERED = re.compile(r"([0-9]{1,4})_(.+)")
_SHELL = frozenset({"|", "||", "&", "&&", ";", "<", ">", ">>", "2>&1"})


def checks(
    values: Asked, target: Target, others: frozenset[str] = frozenset()
) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """Read every check in the metadata *values*, and what is odd about them.

    The unnumbered one first, then by number. *others* are kinds that other packages
    have. Raise `Refused` for a check that cannot be.
    """
    asked = {
        key.removeprefix("check_"): value
        for key, value in values.items()
        if key.startswith("check_")
    }
    if not asked:
        return (), ()
    foreign = tuple(sorted(others - KINDS.keys() - OPTIONS))
    kinds = {*KINDS, *foreign}
    single, numbered = _sorted_out(asked)
    if len(numbered) >= MAX_CHECKS:
        raise Refused(f"more than {MAX_CHECKS} checks of one service")
    shared = {key: value for key, value in single.items() if key not in kinds}
    groups = [single, *({**shared, **numbered[number]} for number in sorted(numbered))]
    found = [check(group, target, foreign) for group in groups]
    wanted = tuple(each for each in found if each is not None)
    return wanted, tuple(_oddities(groups, wanted, foreign))


def _sorted_out(asked: Asked) -> tuple[dict[str, str], dict[int, dict[str, str]]]:
    single: dict[str, str] = {}
    numbered: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for key, value in asked.items():
        if found := _NUMBERED.fullmatch(key):
            numbered[int(found.group(1))][found.group(2)] = value
        else:
            single[key] = value
    return single, numbered


def _oddities(
    groups: Sequence[Asked], wanted: Sequence[Check], foreign: tuple[str, ...]
) -> Iterator[str]:
    keys = {key for group in groups for key in group} - KINDS.keys() - OPTIONS
    theirs = tuple(f"{kind}_" for kind in foreign)
    unknown = [k for k in keys if k not in foreign and not k.startswith(theirs)]
    if unknown:
        yield f"not known after SERVICE_CHECK_: {shown(', '.join(sorted(unknown)))}"
    for key, kinds in OF_SOME.items():
        useful = any(each.kind in kinds or each.kind in foreign for each in wanted)
        if wanted and not useful and any(group.get(key) for group in groups):
            yield f"check_{key} means nothing to a {wanted[0].kind} check"
    for each in wanted:
        for argument in each.command:
            if argument in _SHELL:
                yield f"no shell runs the check: {argument} is just an argument"
