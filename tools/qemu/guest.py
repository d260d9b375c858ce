"""A QEMU that runs an image: its console, its control connection, its end."""

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
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
_DIRECTORY_CHARACTERS_MAX = 60
_DIRECTORY_PREFIX = "ebbrt-qemu-"
# In it: where a debugger reaches the guest, and the image, for the debugger.
_DEBUGGER = "gdb"
_IMAGE_LINK = "debugged"
# A younger directory may be one whose owner is about to lock it.
_LEFT_SECONDS_MIN = 60

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def private_directory() -> Iterator[Path]:
    """A directory for one guest; its name is short and plain.

    Its owner holds a lock on it, so that what is left of an owner who was
    killed can be told, and removed.
    """
    parent = tempfile.gettempdir()
    if (len(parent) > _DIRECTORY_CHARACTERS_MAX
            or set(parent) & set(' ,"\\\n\t')):
        parent = "/tmp"
    for old in Path(parent).glob(_DIRECTORY_PREFIX + "*"):
        _remove_if_left(old)
    with tempfile.TemporaryDirectory(prefix=_DIRECTORY_PREFIX,
                                     dir=parent) as directory:
        lock = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Path(directory)
        finally:
            os.close(lock)


def running_guests() -> list[tuple[Path, Path]]:
    """The image of each guest that can be debugged, and its debugger's socket.
    """
    found = []
    for parent in {tempfile.gettempdir(), "/tmp"}:
        for directory in Path(parent).glob(_DIRECTORY_PREFIX + "*"):
            link, stub = directory / _IMAGE_LINK, directory / _DEBUGGER
            if (link.is_symlink() and stub.is_socket()
                    and _has_owner(directory)):
                found.append((link.readlink(), stub))
    return sorted(found)


def _has_owner(directory: Path) -> bool:
    try:
        lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(lock)
    except BlockingIOError:
        return True
    except OSError:
        pass  # It has just been removed.
    return False


def _remove_if_left(directory: Path) -> None:
    # Another's, or one that is being removed or made: let be.
    with contextlib.suppress(OSError):
        lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if time.time() - os.fstat(lock).st_mtime > _LEFT_SECONDS_MIN:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory)
        finally:
            os.close(lock)


class Guest:
    """A running QEMU. REQUIRES: kill() before it is dropped."""

    def __init__(self, machine: Machine, image: Path, command: GuestCommand,
                 directory: Path, *, debugger: Path | None = None,
                 is_frozen: bool = False):
        """Starts it. Raises OSError where that is not possible.

        A frozen one executes nothing until a debugger says so.
        """
        self.image = image
        self.debugger = debugger or directory / _DEBUGGER
        if debugger is None:
            (directory / _IMAGE_LINK).symlink_to(image.resolve())
        # Whether QEMU has set the machine up and answers.
        self.has_started = False
        # Why the machine stands still for good: "guest-reset" and the like.
        self.stopped_by = ""
        self._threads: list[int] = []
        self._directory = directory
        self._host_file = command.host_file
        self.control, control = socket.socketpair()
        self._replies = b""
        with (directory / "qemu.log").open("wb") as log, control:
            line = command_line(
                machine, image, command,
                Connections(control.fileno(), self.debugger),
                directory, is_frozen=is_frozen)
            # A session of its own: what signals a group of ours, as Ctrl-C
            # does, asks us, and we ask the guest.
            # The console is two pipes. A socket holds only some hundred bytes
            # that come one by one; a guest that says more would wait for us.
            self._popen = subprocess.Popen(
                line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                bufsize=0, pass_fds=[control.fileno()],
                start_new_session=True, preexec_fn=_dying_with(os.getpid()))
        self.pid = self._popen.pid
        self.console = self._popen.stdout.fileno()
        os.set_blocking(self.console, False)
        self.control.setblocking(False)
        self._execute("qmp_capabilities")

    def _execute(self, name: str) -> None:
        request = {"execute": name, "id": name}
        with contextlib.suppress(OSError):  # It may have ended.
            self.control.sendall(json.dumps(request).encode() + b"\n")

    def read_console(self) -> bytes | None:
        """What the guest has said since; None behind its end."""
        return _received(lambda: os.read(self.console, _READ_BYTES))

    def read_control(self) -> bool:
        """Takes what QEMU tells of itself. Whether there may be more."""
        received = _received(lambda: self.control.recv(_READ_BYTES))
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
            self._popen.stdin.write(STOP_REQUEST)

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
        self._popen.stdin.close()
        self._popen.stdout.close()
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


def _received(read: Callable[[], bytes]) -> bytes | None:
    try:
        return read() or None
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
