"""What the checks return."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is not as STYLE.md has it."""

    path: str
    line: int  # Counted from 1; 0: the file as a whole.
    check: str
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message} [{self.check}]"
