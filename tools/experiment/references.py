"""Fills in `${...}`: what is known only when a run is under way.

`${address}`, `${port}`, `${cores}` and `${seed}` are a node's own;
`${server.endpoint}` is a key of what another node said when it was ready. Text
that is one reference and nothing else becomes the value itself, a number for
instance.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

OWN_NAMES = ("address", "port", "cores", "seed")

_REFERENCE = re.compile(r"\$\{([^}]*)\}")


def find(value: Any) -> Iterator[str]:
    """All references in `value`, without their braces."""
    if isinstance(value, str):
        yield from _REFERENCE.findall(value)
    elif isinstance(value, dict):
        for element in value.values():
            yield from find(element)
    elif isinstance(value, list):
        for element in value:
            yield from find(element)


def fill(value: Any, lookup: Callable[[str], Any]) -> Any:
    """`value` with each reference replaced by what `lookup` gives for it."""
    if isinstance(value, str):
        whole = _REFERENCE.fullmatch(value)
        if whole:
            return lookup(whole[1])
        return _REFERENCE.sub(lambda found: str(lookup(found[1])), value)
    if isinstance(value, dict):
        return {key: fill(element, lookup) for key, element in value.items()}
    if isinstance(value, list):
        return [fill(element, lookup) for element in value]
    return value
