"""What is wrong with an experiment: where, what is there, what should be."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass

# No message quotes more of a document than this.
QUOTED_CHARACTERS_MAX = 60


@dataclass(frozen=True)
class Problem:
    """One error, told in the words that the applications use for theirs."""

    path: str
    found: str
    expected: str
    nearest: str | None = None

    def __str__(self) -> str:
        text = f"{self.path}: found {self.found}, expected {self.expected}"
        if self.nearest is not None:
            text += f" (the nearest is {quote(self.nearest)})"
        return text

    def within(self, place: str) -> "Problem":
        """The same error, found while looking at `place`."""
        return Problem(f"{place}: {self.path}", self.found, self.expected,
                       self.nearest)


class DocumentError(Exception):
    """A document that must not be run. Nothing has been."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def quote(value: object) -> str:
    """`value` as JSON, cut where it is long."""
    text = json.dumps(value)
    if len(text) <= QUOTED_CHARACTERS_MAX:
        return text
    return text[:QUOTED_CHARACTERS_MAX] + "..."


def one_of(choices: Iterable[object]) -> str:
    """How a message names the choices that there are."""
    return "one of " + ", ".join(quote(choice) for choice in choices)


def nearest_of(text: object, candidates: Iterable[object]) -> str | None:
    """The candidate that `text` was most likely meant to be, or None."""
    matches = difflib.get_close_matches(
        str(text), [str(candidate) for candidate in candidates], n=1)
    return matches[0] if matches else None


def unknown(path: str, what: str, text: object,
            candidates: Iterable[object]) -> Problem:
    """`text` was found as the `what`, and is none of the candidates."""
    candidates = list(candidates)
    expected = one_of(candidates) if candidates else "none: there are none here"
    return Problem(path, f"the unknown {what} {quote(text)}", expected,
                   nearest_of(text, candidates))
