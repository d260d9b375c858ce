"""A node's process: its reports, its output, its end.

Nodes are started in a process group of their own, so that Ctrl-C reaches this
program first, and they die with it, whatever becomes of it.
"""

import collections
import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

REPORT_PREFIX = b"@ebbrt "
# A line is not longer: metrics carry a histogram.
LINE_BYTES_MAX = 16 * 2**20
# What an error shows of a node's output.
LAST_LINES = 20
_READ_BYTES = 64 * 2**10
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _before_exec() -> None:
    # Between fork and exec: do little, and take no lock.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # Ten thousand connections are more than a shell usually allows.
    _, files_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files_max, files_max))


def parse_report(line: bytes) -> dict[str, Any] | None:
    """The report in a line of a node's console, None if it is for people."""
    if not line.startswith(REPORT_PREFIX):
        return None
    try:
        report = json.loads(line[len(REPORT_PREFIX):])
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return None
    return report if isinstance(report, dict) and "event" in report else None


class Process:
    """A running node. REQUIRES: Stop before it is dropped."""

    def __init__(self, command: Sequence[str], *, log: Path | None = None,
                 environment: Mapping[str, str] | None = None,
                 processors: Sequence[int] = (), cwd: Path | None = None):
        """Raises OSError where the program cannot be started."""
        self.command = list(command)
        self.last_lines: collections.deque[str] = collections.deque(
            maxlen=LAST_LINES)
        self.exit_code: int | None = None
        self.output_ended = False
        self.usage: Any = None
        self.resident_bytes_max = 0
        self._partial = b""
        self._log = log.open("wb") if log else None
        allowed = os.sched_getaffinity(0)
        try:
            # A child starts with its parent's set of processors.
            if processors:
                os.sched_setaffinity(0, processors)
            self._popen = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, cwd=cwd, start_new_session=True,
                env={**os.environ, **(environment or {})},
                preexec_fn=_before_exec)
        except BaseException:
            if self._log:
                self._log.close()
            raise
        finally:
            os.sched_setaffinity(0, allowed)
        self.pid = self._popen.pid
        self.output = self._popen.stdout.fileno()
        os.set_blocking(self.output, False)

    def read(self) -> Iterator[bytes]:
        """The lines that have come since the last call, without their end."""
        with contextlib.suppress(BlockingIOError):
            while not self.output_ended:
                chunk = os.read(self.output, _READ_BYTES)
                self.output_ended = not chunk
                if self._log:
                    self._log.write(chunk)
                *lines, self._partial = (self._partial + chunk).split(b"\n")
                for line in lines:
                    yield self._note(line)
                if len(self._partial) > LINE_BYTES_MAX:
                    self._partial = b""  # No line of ours; the log has it.

    def _note(self, line: bytes) -> bytes:
        if not line.startswith(REPORT_PREFIX):
            self.last_lines.append(line.decode(errors="replace")[:500])
        return line

    def poll(self) -> bool:
        """Whether the process has ended; if so exit_code is set."""
        if self.exit_code is None and os.waitid(
                os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            self._collect()
        return self.exit_code is not None

    def send(self, number: signal.Signals) -> None:
        """Signals the process and all that it has started."""
        if self.exit_code is None:
            self._note_memory()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def _note_memory(self) -> None:
        """Its peak of resident memory so far, as long as it has memory.

        What wait4 tells begins with the memory of the process that started
        it, which exec does not forget.
        """
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        self.resident_bytes_max = int(line.split()[1]) * 1024

    def kill(self) -> None:
        """Ends it at once and collects it."""
        if self.exit_code is None:
            self.send(signal.SIGKILL)
            self._collect()

    def _collect(self) -> None:
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        # What it has started goes with it, while its group is still its own.
        self.send(signal.SIGKILL)
        _, status, self.usage = os.wait4(self.pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
        self._popen.returncode = self.exit_code

    def close(self) -> list[bytes]:
        """Takes what is left of the output. REQUIRES: it has ended."""
        if self._popen.stdout.closed:
            return []
        lines = list(self.read())
        self.output_ended = True
        if self._partial:
            lines.append(self._note(self._partial))
            self._partial = b""
        self._popen.stdout.close()
        if self._log:
            self._log.close()
        return lines


def exit_text(code: int) -> str:
    """How a process ended, for people."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
