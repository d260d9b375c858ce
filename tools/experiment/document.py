"""Reads an experiment and changes settings in it by path.

A path is written as in `nodes.server.parameters.port`: an element of a list is
named by its role, name, label or title, or by its number.
"""

import json
from pathlib import Path
from typing import Any

from tools.experiment.problems import DocumentError, Problem, quote, unknown

Document = dict[str, Any]

# What may name an element of a list in a path.
_NAMES_OF_ELEMENTS = ("role", "name", "label", "title")


def load(file: Path) -> Document:
    """The document in `file`. Raises DocumentError."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise DocumentError([Problem(
            str(file), (error.strerror or str(error)).lower(),
            "a file with an experiment; ./ebbrt list names those that ship",
        )]) from None
    except UnicodeDecodeError:
        raise DocumentError([
            Problem(str(file), "bytes that are no UTF-8", "a JSON document")
        ]) from None
    document = parse(text, str(file))
    if not isinstance(document, dict):
        raise DocumentError(
            [Problem("document", quote(document), "an object")])
    return document


def parse(text: str, place: str) -> Any:
    """JSON without keys that are given twice. Raises DocumentError."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise DocumentError([Problem(
                    place, f"the key {quote(key)} twice in one object",
                    "it once")])
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        lines = text.splitlines() or [""]
        line = lines[min(error.lineno, len(lines)) - 1].strip()
        raise DocumentError([Problem(
            f"{place}:{error.lineno}:{error.colno}", quote(line),
            f"JSON ({error.msg})")]) from None


def set_path(document: Document, path: str, value: Any, place: str) -> None:
    """Sets what `path` names; `place` is where the path stands.

    A key that is new is made: whether it may be there, the schema says
    afterwards. Raises DocumentError.
    """
    parent: Any = document
    parts = path.split(".")
    for depth, part in enumerate(parts[:-1]):
        parent = _step(parent, part, ".".join(parts[:depth + 1]), place)
    last = parts[-1]
    if isinstance(parent, list):
        index = _index(parent, last, path, place)
        parent[index] = _keeping_name(parent[index], value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise DocumentError([Problem(
            place, f"the path {quote(path)}",
            f"a path in an object; {quote('.'.join(parts[:-1]))} is "
            f"{quote(parent)}")])


def _step(parent: Any, part: str, path: str, place: str) -> Any:
    if isinstance(parent, list):
        return parent[_index(parent, part, path, place)]
    if isinstance(parent, dict):
        if part in parent:
            return parent[part]
        if "parameters" in path.split("."):  # An application's, or within.
            return parent.setdefault(part, {})
        raise DocumentError([_unknown_part(place, path, part, parent)])
    raise DocumentError([Problem(place, f"the path {quote(path)}",
                                 f"no more parts behind {quote(parent)}")])


def _unknown_part(place: str, path: str, part: str, choices: Any) -> Problem:
    problem = unknown(place, "path", path, choices)
    nearest = unknown(place, "", part, choices).nearest
    return Problem(problem.path, problem.found, problem.expected, nearest)


def _index(elements: list[Any], part: str, path: str, place: str) -> int:
    names = [_name_of(element) for element in elements]
    if part in names:
        return names.index(part)
    if part.isdecimal() and int(part) < len(elements):
        return int(part)
    raise DocumentError([_unknown_part(
        place, path, part, [name for name in names if name is not None])])


def _name_of(element: Any) -> str | None:
    if isinstance(element, dict):
        for key in _NAMES_OF_ELEMENTS:
            if key in element:
                return str(element[key])
        if "path" in element:  # An axis that is named after its setting.
            return str(element["path"]).rpartition(".")[2]
    return None


def _keeping_name(old: Any, new: Any) -> Any:
    """A node that takes another's place keeps its role."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in _NAMES_OF_ELEMENTS:
            if key in old and key not in new:
                return {key: old[key], **new}
    return new


def parse_setting(text: str) -> tuple[str, Any]:
    """`path=value`, the value JSON or else plain text. Raises DocumentError."""
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise DocumentError([Problem("--set", quote(text), "path=value")])
    try:
        return path, json.loads(value)
    except json.JSONDecodeError:
        return path, value
