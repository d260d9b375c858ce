"""Runs a guest to its end: shows its console, passes signals on, watches time.

One way or another it comes to an exit code: the one of the guest's exit report,
or else of its exit device; and where there is neither, one of ours with a
message that says what became of it.
"""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tools.qemu import backtraces, symbols
from tools.qemu.console import Console
from tools.qemu.guest import Guest

EXIT_WRONG_CONFIGURATION = 2
EXIT_HUNG = 124
EXIT_NO_CODE = 125
# How long a guest may take to stop once it is asked to.
STOP_SECONDS_MAX = 10.0
# How long QEMU may take to end when all has been said.
_END_SECONDS_MAX = 2.0

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Session:
    """One guest from its start to its end."""

    def __init__(self, guest: Guest, *, timeout_s: float | None = None,
                 is_debugged: bool = False,
                 pinned_to: list[int] | None = None):
        """A guest under a debugger is neither timed nor asked to stop: it may
        stand still for as long as a person thinks."""
        self._guest = guest
        self._console = Console()
        self._is_debugged = is_debugged
        self._timeout_s = None if is_debugged else timeout_s
        self._pinned_to = pinned_to
        self._deadline_s = (time.monotonic() + self._timeout_s
                            if self._timeout_s else float("inf"))
        # What to say when the deadline passes.
        self._late = f"did not end within {self._timeout_s:g} s" \
            if self._timeout_s else ""
        self._asked_to_stop = False
        self._signals: list[int] = []
        self._exit_code: int | None = None

    def run(self) -> int:
        """The exit code of it all. Nothing is left behind."""
        with _signals_into(self._signals) as wake:
            try:
                while self._exit_code is None and self._wait(wake):
                    self._look()
                if self._exit_code is None:
                    self._exit_code = self._conclude()
            finally:
                self._guest.kill()
        self._show(self._console.close())
        self._guest.save_host_file()
        return self._exit_code

    def _wait(self, wake: socket.socket) -> bool:
        """Serves what comes until something does; whether QEMU goes on."""
        seconds = self._deadline_s - time.monotonic()
        with selectors.DefaultSelector() as selector:
            for connection in (self._guest.console, self._guest.control, wake):
                selector.register(connection, selectors.EVENT_READ)
            ready = [key.fileobj for key, _ in selector.select(
                max(seconds, 0) if seconds != float("inf") else None)]
        goes_on = True
        if self._guest.console in ready:
            received = self._guest.read_console()
            goes_on = received is not None
            self._show(self._console.take(received or b""))
        if self._guest.control in ready:
            goes_on = self._guest.read_control() and goes_on
        if wake in ready:
            wake.recv(4096)
        return goes_on

    def _look(self) -> None:
        if self._pinned_to and self._guest.pin_cores(self._pinned_to):
            self._pinned_to = None
        for number in self._signals:
            self._take_signal(number)
        self._signals.clear()
        if self._exit_code is not None:
            return
        if self._console.exit_code is not None:
            self._exit_code = self._conclude()
        elif self._guest.stopped_by:
            self._stands_still()
        elif time.monotonic() >= self._deadline_s:
            self._exit_code = self._hung(self._late)

    def _take_signal(self, number: int) -> None:
        if number == signal.SIGQUIT:
            self._exit_code = self._hung("was asked where it is (SIGQUIT)")
        elif self._asked_to_stop or self._is_debugged:
            self._exit_code = 128 + number
        else:
            self._asked_to_stop = True
            self._guest.ask_to_stop()
            self._late = (f"did not stop within {STOP_SECONDS_MAX:g} s of "
                          "being asked to")
            self._deadline_s = min(self._deadline_s,
                                   time.monotonic() + STOP_SECONDS_MAX)

    def _hung(self, what: str) -> int:
        self._tell(what, with_backtraces=True)
        return EXIT_HUNG

    def _stands_still(self) -> None:
        """The machine has reset itself, or switched itself off."""
        if self._guest.stopped_by == "guest-reset":
            self._tell("reset itself, as by a triple fault, and gave no exit "
                       "code", with_backtraces=True)
            self._exit_code = EXIT_NO_CODE
        else:
            self._tell("stopped without an exit code "
                       f"({self._guest.stopped_by})", with_backtraces=False)
            self._exit_code = EXIT_NO_CODE

    def _conclude(self) -> int:
        """The exit code where QEMU has ended, or is about to."""
        status = self._guest.wait(_END_SECONDS_MAX)
        if (received := self._guest.read_console()):
            self._show(self._console.take(received))
        self._show(self._console.close())
        if self._console.exit_code is not None:
            return self._console.exit_code
        complaints = [line for line in self._guest.log
                      if "warning:" not in line]
        if status == 1 and complaints and not self._guest.has_started:
            _say("QEMU cannot start this machine:", complaints)
            return EXIT_WRONG_CONFIGURATION
        # The exit device: code * 2 + 1.
        if status is not None and status > 0 and status % 2 and (
                status > 1 or not complaints):
            return status >> 1
        if self._is_debugged:
            return EXIT_NO_CODE  # Who debugs it knows why.
        self._tell(f"gave no exit code: QEMU ended with {_status_text(status)}",
                   with_backtraces=False)
        return EXIT_NO_CODE

    def _tell(self, what: str, *, with_backtraces: bool) -> None:
        lines = [f"    {line}" for line in self._console.last_lines]
        lines = (["its last output:", *lines] if lines else
                 ["it had written nothing"])
        if self._guest.log:
            lines += ["QEMU says:", *(f"    {line}"
                                      for line in self._guest.log)]
        if with_backtraces:
            lines += backtraces.take(self._guest.image, self._guest.debugger)
        _say(f"the guest {what}", lines)

    def _show(self, text: bytes) -> None:
        if text:
            sys.stdout.buffer.write(symbols.name_calls(self._guest.image, text))
            sys.stdout.buffer.flush()


def _say(head: str, lines: list[str]) -> None:
    sys.stdout.flush()
    print("\n".join([f"ebbrt: {head}", *(f"  {line}" for line in lines)]),
          file=sys.stderr, flush=True)


def _status_text(status: int | None) -> str:
    if status is None:
        return "nothing: it goes on"
    return f"exit code {status}" if status >= 0 else \
        f"signal {signal.Signals(-status).name}"


@contextmanager
def _signals_into(came: list[int]) -> Iterator[socket.socket]:
    """Collects signals; gives a socket that is readable when one has come."""
    numbers = (*_STOP_SIGNALS, signal.SIGQUIT)
    wake, ours = socket.socketpair()
    wake.setblocking(False)
    ours.setblocking(False)
    before = {number: signal.signal(number, lambda n, frame: came.append(n))
              for number in numbers}
    descriptor = signal.set_wakeup_fd(ours.fileno(),
                                      warn_on_full_buffer=False)
    try:
        yield wake
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            signal.signal(number, handler)
        wake.close()
        ours.close()
