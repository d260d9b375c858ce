"""Boots an image many times in a row: how often it fails, how long it takes."""

import argparse
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


@dataclass
class Soak:
    """All so far."""

    seconds: list[float] = field(default_factory=list)
    failures: list[Boot] = field(default_factory=list)

    def add(self, boot: Boot, expected_code: int) -> bool:
        """Whether it is as it should be."""
        self.seconds.append(boot.seconds)
        if boot.exit_code != expected_code:
            self.failures.append(boot)
            return False
        return True

    def report(self) -> list[str]:
        """What there is to say, in lines."""
        if not self.seconds:
            return ["0 boots"]
        lines = []
        for boot in self.failures[:_SHOWN_MAX]:
            lines += [f"boot {boot.number} ended with exit code "
                      f"{boot.exit_code} after {boot.seconds:.2f} s:",
                      *(f"    {line}" for line in boot.console.splitlines())]
        if len(self.failures) > _SHOWN_MAX:
            lines.append(f"... and {len(self.failures) - _SHOWN_MAX} more")
        parts = ", ".join(
            f"{name} {self._quantile(part):.2f} s" for name, part in [
                ("min", 0), ("median", 0.5), ("p90", 0.9), ("p99", 0.99),
                ("max", 1)])
        return [*lines, f"time of a boot: {parts}",
                f"{len(self.seconds)} boots, {len(self.failures)} failed"]

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
    try:
        for boot in boots(command, options.boots):
            good = soak.add(boot, options.exit_code)
            if not good or sys.stderr.isatty():
                print(f"boot {boot.number} of {options.boots}: "
                      + ("good" if good else "failed"), file=sys.stderr,
                      flush=True)
    except KeyboardInterrupt:
        pass
    print("\n".join(soak.report()), flush=True)
    return 1 if soak.failures or not soak.seconds else 0
