"""A QEMU that runs an image: its console, its control connection, its end."""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.qemu.command_line import (Connections, command_line, host_copy)
from tools.qemu.guest_command import GuestCommand
from tools.qemu.machine import Machine

# On its console this asks a guest to stop in good order.
STOP_REQUEST = b"\x03"
_READ_BYTES = 64 * 2**10
_PR_SET_PDEATHSIG = 1
# What fits a socket's name beside a file's, and is plain to QEMU.
_DIRECTORY_PATTERN_MAX = 60

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def private_directory() -> Iterator[Path]:
    """A directory for one guest; its name is short and plain."""
    parent = tempfile.gettempdir()
    if len(parent) > _DIRECTORY_PATTERN_MAX or set(parent) & set(' ,"\\\n\t'):
        parent = "/tmp"
    with tempfile.TemporaryDirectory(prefix="ebbrt-qemu-",
                                     dir=parent) as directory:
        yield Path(directory)


class Guest:
    """A running QEMU. REQUIRES: kill() before it is dropped."""

    def __init__(self, machine: Machine, image: Path, command: GuestCommand,
                 directory: Path, *, debugger: Path | None = None,
                 is_frozen: bool = False):
        """Starts it. Raises OSError where that is not possible.

        A frozen one executes nothing until a debugger says so.
        """
        self.image = image
        self.debugger = debugger or directory / "gdb"
        # Whether QEMU has set the machine up and answers.
        self.has_started = False
        # Why the machine stands still for good: "guest-reset" and the like.
        self.stopped_by = ""
        self._threads: list[int] = []
        self._directory = directory
        self._host_file = command.host_file
        self.console, console = socket.socketpair()
        self.control, control = socket.socketpair()
        self._replies = b""
        with (directory / "qemu.log").open("wb") as log, console, control:
            line = command_line(
                machine, image, command,
                Connections(console.fileno(), control.fileno(), self.debugger),
                directory, is_frozen=is_frozen)
            # A session of its own: what signals a group of ours, as Ctrl-C
            # does, asks us, and we ask the guest.
            self._popen = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[console.fileno(), control.fileno()],
                start_new_session=True, preexec_fn=_dying_with(os.getpid()))
        self.pid = self._popen.pid
        self.console.setblocking(False)
        self.control.setblocking(False)
        self._execute("qmp_capabilities")

    def _execute(self, name: str) -> None:
        request = {"execute": name, "id": name}
        with contextlib.suppress(OSError):  # It may have ended.
            self.control.sendall(json.dumps(request).encode() + b"\n")

    def read_console(self) -> bytes | None:
        """What the guest has said since; None behind its end."""
        return _received(self.console)

    def read_control(self) -> bool:
        """Takes what QEMU tells of itself. Whether there may be more."""
        received = _received(self.control)
        if received is None:
            return False
        *lines, self._replies = (self._replies + received).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):
                self._take(json.loads(line))
        return True

    def _take(self, message: dict[str, Any]) -> None:
        match message:
            case {"event": "SHUTDOWN", "data": {"reason": str() as reason}}:
                self.stopped_by = reason
            case {"return": _, "id": "qmp_capabilities"}:
                self.has_started = True
                self._execute("query-cpus-fast")
            case {"return": [*cores], "id": "query-cpus-fast"}:
                self._threads = [core["thread-id"] for core in cores]

    def pin_cores(self, processors: list[int]) -> bool:
        """Binds core i to the i-th processor; whether QEMU has any cores yet.

        Where there are fewer processors the system places the cores.
        """
        if len(processors) >= len(self._threads):
            for thread, processor in zip(self._threads, processors):
                with contextlib.suppress(OSError):
                    os.sched_setaffinity(thread, [processor])
        return bool(self._threads)

    def ask_to_stop(self) -> None:
        """As a person's Ctrl-C would."""
        with contextlib.suppress(OSError):
            self.console.send(STOP_REQUEST)

    def wait(self, seconds_max: float) -> int | None:
        """QEMU's exit code, None if it goes on."""
        try:
            return self._popen.wait(seconds_max)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """Ends QEMU at once; nothing is left of it."""
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()
        self.console.close()
        self.control.close()

    def save_host_file(self) -> None:
        """Gives the guest's /host its place. REQUIRES: QEMU has ended.

        Where the guest has written nothing, nothing is made.
        """
        copy = host_copy(self._directory)
        if self._host_file and copy.is_file() and copy.stat().st_size:
            shutil.copyfile(copy, self._host_file)

    @property
    def log(self) -> list[str]:
        """What QEMU itself has complained of."""
        text = (self._directory / "qemu.log").read_text(errors="replace")
        return [line for line in text.splitlines() if line.strip()]


def _received(connection: socket.socket) -> bytes | None:
    try:
        return connection.recv(_READ_BYTES) or None
    except BlockingIOError:
        return b""
    except ConnectionError:
        return None


def _dying_with(parent: int):
    def before_exec() -> None:
        # Between fork and exec: do little, and take no lock.
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # It has gone already.
    return before_exec
