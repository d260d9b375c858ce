"""`./ebbrt gdb`: debugs a bare-metal image from its first instruction."""

import argparse
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tools import paths
from tools.experiment import bazel, targets
from tools.experiment.problems import DocumentError, Problem
from tools.qemu import image
from tools.qemu.guest import private_directory
from tools.qemu.prefix import RUN_IMAGE

SUMMARY = "debug a bare-metal application or image"
DESCRIPTION = """\
Starts an application's image in QEMU and gdb on it, before the image's first
instruction: set breakpoints, then `continue`. What the image says is shown
between gdb's own output. Options for the machine go before APP.

  ./ebbrt gdb hello --cores=2
  ./ebbrt gdb --memory 1G bazel-out/.../some_test --gtest_filter=A.B
"""

# How long QEMU may take until gdb can reach it.
_START_SECONDS_MAX = 30.0
# What gdb learns of our structures, as the runtime has them.
_SCRIPT = paths.ROOT / "platform" / "baremetal" / "gdb" / "ebbrt.py"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--memory", metavar="M",
                        help="memory of the machine: MiB, or as in 4G")
    parser.add_argument("--gdb-command", metavar="COMMAND", action="append",
                        default=[], help="what gdb is to do first, such as "
                        "'break abort'; may be given several times")
    parser.add_argument("app", metavar="APP|IMAGE",
                        help="an application, a Bazel label or an image's file")
    parser.add_argument("arguments", metavar="ARGUMENT",
                        nargs=argparse.REMAINDER, help="for the image")


def run(options: argparse.Namespace) -> int:
    if shutil.which("gdb") is None:
        raise DocumentError([Problem("gdb", "nothing of that name on the PATH",
                                     "gdb: apt-get install gdb")])
    program = _program(options.app)
    image.check(program)
    with private_directory() as directory:
        stub = directory / "gdb"
        line = [str(RUN_IMAGE), f"--gdb-socket={stub}"]
        if options.memory is not None:
            line.append(f"--memory={options.memory}")
        # A session of its own: Ctrl-C is for gdb, which stops the guest.
        with subprocess.Popen([*line, str(program), *options.arguments],
                              stdin=subprocess.DEVNULL,
                              start_new_session=True) as guest:
            try:
                return _debug(program, stub, guest, options.gdb_command)
            finally:
                guest.terminate()


def _program(name: str) -> Path:
    if "/" in name and not name.startswith("//"):
        return Path(name)
    label = targets.application_label(name, "APP")
    return bazel.build([label], targets.PLATFORM_FLAGS["baremetal"])[label]


def _debug(program: Path, stub: Path, guest: subprocess.Popen,
           commands: list[str]) -> int:
    deadline_s = time.monotonic() + _START_SECONDS_MAX
    while not stub.is_socket():
        if guest.poll() is not None:
            return guest.returncode  # It has said why.
        if time.monotonic() > deadline_s:
            raise DocumentError([Problem(
                str(stub), "no QEMU behind it",
                f"one within {_START_SECONDS_MAX:g} s")])
        time.sleep(0.02)
    line = ["gdb", "-q", "-iex", "set debuginfod enabled off"]
    if _SCRIPT.is_file():
        line += ["-x", str(_SCRIPT)]
    for command in (f"target remote {stub}", *commands):
        line += ["-ex", command]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with subprocess.Popen([*line, str(program)],
                              preexec_fn=_take_interrupts) as gdb:
            return gdb.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _take_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
