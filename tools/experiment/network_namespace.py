"""A network namespace of a run's own, which ends with it.

Source: ip-netns(8), unshare(1), nsenter(1), ip-link(8).
"""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_CLONE_NEWNET = 0x40000000

_T = TypeVar("_T")
_libc = ctypes.CDLL(None, use_errno=True)


class NoSegment(Exception):
    """This machine gives us no network of our own; says why."""


class NetworkNamespace:
    """Needs to be root. It is gone once the stack is closed, or this program
    has ended, and nobody is in it any more."""

    def __init__(self, stack: contextlib.ExitStack):
        """Raises NoSegment."""
        # The namespace is there as long as somebody is in it.
        keeper = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo in; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        stack.callback(_end, keeper)
        if keeper.stdout.readline() != "in\n":
            raise NoSegment("no network namespace can be had: " +
                            keeper.stderr.read().strip())
        self._descriptor = os.open(f"/proc/{keeper.pid}/ns/net", os.O_RDONLY)
        stack.callback(os.close, self._descriptor)
        self.pid = keeper.pid
        # What a command that is to run in it begins with.
        self.prefix = ["nsenter", f"--net=/proc/{keeper.pid}/ns/net", "--"]
        self.ip("link", "set", "lo", "up")

    def ip(self, *words: str) -> None:
        """Runs ip(8) in it. Raises NoSegment."""
        done = subprocess.run([*self.prefix, "ip", *words],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoSegment(f"ip {' '.join(words)}: {done.stderr.strip()}")

    def add_bridge(self, name: str) -> None:
        self.ip("link", "add", name, "type", "bridge", "forward_delay", "0")
        self.ip("link", "set", name, "up")

    def add_tap(self, name: str, bridge: str, *flags: str) -> None:
        """A TAP device that others may open, as a port of the bridge."""
        self.ip("tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr",
                *flags)
        self.ip("link", "set", name, "master", bridge, "up")

    def within(self, function: Callable[[], _T]) -> _T:
        """What it returns in the namespace."""
        # A thread of its own, which is the only one to move.
        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(self._moved, function).result()

    def _moved(self, function: Callable[[], _T]) -> _T:
        if _libc.setns(self._descriptor, _CLONE_NEWNET) != 0:
            raise NoSegment("the run's network cannot be entered: " +
                            os.strerror(ctypes.get_errno()))
        return function()


def _end(keeper: subprocess.Popen) -> None:
    keeper.kill()
    keeper.communicate()
