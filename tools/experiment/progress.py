"""Shows how far an experiment is: a live line on a terminal, else one a run."""

import shutil
import sys
import time

_ERASE_LINE = "\r\x1b[2K"
_REDRAW_SECONDS_MIN = 0.1


class Progress:
    """Counts runs. REQUIRES: begin before within and end."""

    def __init__(self, total: int, done: int):
        self._total = total
        self._done = done
        self._done_before = done
        self._begin_s = time.monotonic()
        self._is_live = sys.stderr.isatty()
        self._drawn_s = 0.0
        self._title = ""

    def begin(self, point: str, repetition: int) -> None:
        """A run begins."""
        where = f"{point}, " if point else ""
        self._title = f"{where}repetition {repetition}"
        self._draw(None, must=True)

    def within(self, fraction: float) -> None:
        """The run under way is so far."""
        self._draw(fraction, must=False)

    def end(self, error: str) -> None:
        """The run has ended, with an error if there is text."""
        self._done += 1
        if self._is_live:
            sys.stderr.write(_ERASE_LINE)
        if error or not self._is_live:
            self._line("failed: " + error if error else "done")
        sys.stderr.flush()

    def close(self) -> None:
        """Leaves the terminal as it was."""
        if self._is_live:
            sys.stderr.write(_ERASE_LINE)
            sys.stderr.flush()

    def _line(self, state: str) -> None:
        print(f"[{self._done}/{self._total}] {self._title}: {state}",
              file=sys.stderr)

    def _draw(self, fraction: float | None, must: bool) -> None:
        now_s = time.monotonic()
        if not self._is_live or (not must and
                                 now_s - self._drawn_s < _REDRAW_SECONDS_MIN):
            return
        self._drawn_s = now_s
        text = f"[{self._done + 1}/{self._total}] {self._title}"
        if fraction is not None:
            text += f" {fraction:.0%}"
        finished = self._done - self._done_before
        if finished:
            left_s = (now_s - self._begin_s) / finished * (
                self._total - self._done)
            text += f", about {duration_text(left_s)} left"
        sys.stderr.write(_ERASE_LINE + text[:self._width()])
        sys.stderr.flush()

    @staticmethod
    def _width() -> int:
        return shutil.get_terminal_size().columns - 1


def duration_text(seconds: float) -> str:
    """Some seconds as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
