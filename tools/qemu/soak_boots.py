"""Boots an image many times in a row: how often it fails, how long it takes."""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.qemu.prefix import command_prefix

_BOOTS = 1000
_SECONDS_MAX = 60.0
_CORES = 2
# How many failures are shown whole.
_SHOWN_MAX = 10

_DESCRIPTION = """\
Boots an image again and again, each time to its end, and says how many boots
failed, what they said, and how long a boot took, from QEMU's start to its end.
Ctrl-C ends it early. What stands behind the image is for the image.

  tools/qemu/soak --boots 100 bazel-bin/apps/hello/hello
"""


@dataclass(frozen=True)
class Boot:
    """One of them."""

    number: int
    seconds: float
    exit_code: int
    console: str

    def describe(self) -> list[str]:
        """It and what it said, in lines."""
        return [f"boot {self.number} ended with exit code {self.exit_code} "
                f"after {self.seconds:.2f} s:",
                *(f"    {line}" for line in self.console.splitlines())]


@dataclass
class Soak:
    """All so far."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def add(self, boot: Boot, expected_code: int) -> list[str]:
        """What there is to say at once; nothing of a good boot."""
        self.seconds.append(boot.seconds)
        if boot.exit_code == expected_code:
            return []
        self.failed += 1
        if self.failed > _SHOWN_MAX:
            return [f"boot {boot.number} failed, too"]
        return boot.describe()

    def report(self) -> list[str]:
        """What there is to say of all."""
        if not self.seconds:
            return ["0 boots"]
        parts = ", ".join(
            f"{name} {self._quantile(part):.2f} s" for name, part in [
                ("min", 0), ("median", 0.5), ("p90", 0.9), ("p99", 0.99),
                ("max", 1)])
        return [f"time of a boot: {parts}",
                f"{len(self.seconds)} boots, {self.failed} failed"]

    def _quantile(self, part: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(int(part * len(ordered)), len(ordered) - 1)]


def boots(command: Sequence[str], count: int) -> Iterator[Boot]:
    """Runs the command so often, each time when asked for the next."""
    for number in range(1, count + 1):
        begin_s = time.monotonic()
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        yield Boot(number, time.monotonic() - begin_s, done.returncode,
                   done.stdout.decode(errors="replace"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="soak", description=_DESCRIPTION, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boots", metavar="N", type=int, default=_BOOTS,
                        help="how often (%(default)s)")
    parser.add_argument("--cores", metavar="N", type=int, default=_CORES,
                        help="cores of the machine, and of the application "
                        "(%(default)s)")
    parser.add_argument("--timeout", metavar="S", type=float,
                        default=_SECONDS_MAX, help="a boot that takes longer "
                        "has failed, and says where it hangs (%(default)g)")
    parser.add_argument("--exit-code", metavar="N", type=int, default=0,
                        help="what a good boot ends with (%(default)s)")
    parser.add_argument("--option", metavar="OPTION", action="append",
                        default=[], help="for run_image, as in "
                        "--option=--boot=pxe; may be given several times")
    parser.add_argument("image", metavar="IMAGE", type=Path)
    parser.add_argument("arguments", metavar="ARGUMENT",
                        nargs=argparse.REMAINDER, help="for the image")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Exits with 0 if no boot failed."""
    options = _parser().parse_args(arguments)
    command = [*command_prefix(cores=options.cores),
               f"--timeout={options.timeout:g}", *options.option,
               str(options.image), f"--cores={options.cores}",
               *options.arguments]
    soak = Soak()
    # Where it runs in the background a shell has it ignore Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        for boot in boots(command, options.boots):
            # A failure is told as it comes: the rest may take hours.
            for line in soak.add(boot, options.exit_code):
                print(line, flush=True)
            if sys.stderr.isatty():
                print(f"\r{boot.number} of {options.boots}", end="",
                      file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        pass
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print("\n".join(soak.report()), flush=True)
    return 1 if soak.failed or not soak.seconds else 0
