"""`./ebbrt gdb`: debugs a bare-metal image, from its start or as it runs."""

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
from tools.qemu.guest import private_directory, running_guests
from tools.qemu.prefix import RUN_IMAGE

SUMMARY = "debug a bare-metal application or image"
DESCRIPTION = """\
Starts an application's image in QEMU and gdb on it, before the image's first
instruction: set breakpoints, then `continue`. What the image says is shown
between gdb's own output. Options for the machine go before APP.

  ./ebbrt gdb hello --cores=2
  ./ebbrt gdb --memory 1G bazel-out/.../some_test --gtest_filter=A.B
  ./ebbrt gdb --attach            the image that runs, of any other command

gdb stops where the image is about to report a crash, and knows the commands
`ebbrt cores`, `ebbrt events` and `ebbrt ebbs`.
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
    parser.add_argument("--attach", action="store_true",
                        help="to an image that runs already; where several do, "
                        "APP is the name of its file")
    parser.add_argument("app", metavar="APP|IMAGE", nargs="?",
                        help="an application, a Bazel label or an image's file")
    parser.add_argument("arguments", metavar="ARGUMENT",
                        nargs=argparse.REMAINDER, help="for the image")


def run(options: argparse.Namespace) -> int:
    if shutil.which("gdb") is None:
        raise DocumentError([Problem("gdb", "nothing of that name on the PATH",
                                     "gdb: apt-get install gdb")])
    if options.attach:
        program, stub = _running(options.app)
        return _gdb(program, stub, options.gdb_command)
    if options.app is None:
        raise DocumentError([Problem("APP", "nothing",
                                     "an application, an image, or --attach")])
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


def _running(name: str | None) -> tuple[Path, Path]:
    """The image that runs, and where gdb reaches it."""
    running = [(program, stub) for program, stub in running_guests()
               if name is None or program.name == Path(name).name]
    if len(running) == 1:
        return running[0]
    found = ", ".join(program.name for program, _ in running) or "none"
    raise DocumentError([Problem(
        "--attach", found, "one image that runs" + (
            f", of the name {name}" if name is not None else ""))])


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
    return _gdb(program, stub, commands)


def _gdb(program: Path, stub: Path, commands: list[str]) -> int:
    # The script last: it sets a breakpoint, on the machine that is there then.
    line = ["gdb", "-q", "-iex", "set debuginfod enabled off"]
    for command in (f"target remote {stub}", f"source {_SCRIPT}", *commands):
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
