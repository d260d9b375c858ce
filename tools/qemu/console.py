"""What a guest says on its serial line, and the exit code in its last line."""

import collections
import json

EXIT_REPORT = b'@ebbrt {"event":"exit"'
# Other reports are for programs to read (core/app).
_REPORT_PREFIX = b"@ebbrt "
# A line is not longer: metrics carry a histogram.
_LINE_BYTES_MAX = 16 * 2**20
# What an error shows.
LAST_LINES = 20
_LAST_LINE_CHARACTERS_MAX = 500


class Console:
    """Takes bytes as they come, and gives back what people are to see."""

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self._last_lines: collections.deque[bytes] = collections.deque(
            maxlen=LAST_LINES)
        self._partial = b""

    def take(self, received: bytes) -> bytes:
        """The whole lines that these bytes end, but for the exit report."""
        text = self._partial + received.replace(b"\r", b"")
        *lines, self._partial = text.split(b"\n")
        if len(self._partial) > _LINE_BYTES_MAX:
            lines.append(self._partial)
            self._partial = b""
        return b"".join(self._line(line) for line in lines)

    def close(self) -> bytes:
        """What is left, a line without its end."""
        rest = self._line(self._partial).removesuffix(b"\n")
        self._partial = b""
        return rest

    @property
    def last_lines(self) -> list[str]:
        """What was said last, to people."""
        lines = [*self._last_lines, self._partial]
        return [line.decode(errors="replace")[:_LAST_LINE_CHARACTERS_MAX]
                for line in lines
                if line.strip() and not line.startswith(_REPORT_PREFIX)]

    def _line(self, line: bytes) -> bytes:
        # It may stand behind text whose line the application did not end.
        text, marker, report = line.rpartition(EXIT_REPORT)
        if marker:
            code = _code(marker + report)
            if code is not None:
                self.exit_code = code
                self._last_lines.append(text)
                return text
        self._last_lines.append(line)
        return line + b"\n"


def _code(report: bytes) -> int | None:
    try:
        code = json.loads(report.removeprefix(_REPORT_PREFIX)).get("code")
    except (ValueError, RecursionError):
        return None
    # As the system of a process has it: eight bits.
    return code & 0xFF if isinstance(code, int) else None
