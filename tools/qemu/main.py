"""Runs a bare-metal image in QEMU as if it were a program of this machine.

What the image says is the output, its exit code the exit code.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.experiment.problems import DocumentError, Problem
from tools.qemu import (accelerator, boot, guest_command, image, machine,
                        nics)
from tools.qemu.guest import Guest, private_directory
from tools.qemu.session import EXIT_WRONG_CONFIGURATION, Session

_EXIT_NOBODY_READS = 141  # As a shell has it for SIGPIPE.
# Bazel ends a test at its time limit; we say before where the guest hangs.
_PART_OF_TEST_TIMEOUT = 0.8

_DESCRIPTION = """\
Runs a bare-metal image in QEMU as if it were a program: its console is the
output, its exit code the exit code. Ctrl-C asks it to stop in good order, a
second time ends it. Ctrl-\\ says where each of its cores is, and ends it.
"""
_EPILOG = """\
exit codes of our own: 2 a wrong command line or image, 124 the guest hung,
125 it ended without an exit code.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_image", description=_DESCRIPTION, epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False)
    parser.add_argument("--cores", metavar="N", type=int,
                        help="cores of the machine; 0 for as many as there are "
                        "processors (as the image's --cores has it, or 1)")
    parser.add_argument("--memory", metavar="MIB",
                        help="or as in 512M and 4G (256M, and 64M more for "
                        "each further core)")
    parser.add_argument("--accelerator", choices=accelerator.CHOICES,
                        default="auto", help="auto takes KVM where it works")
    parser.add_argument("--cpu", metavar="MODEL",
                        help="the model of QEMU's processor (all that the "
                        "accelerator has)")
    parser.add_argument("--boot", choices=boot.WAYS, default=boot.WAYS[0],
                        help="how the image gets there: from QEMU itself "
                        "(kernel), or over a network by iPXE on BIOS (pxe) or "
                        "by GRUB on UEFI (uefi)")
    parser.add_argument("--boot-card", metavar="MODEL", default=boot.CARD,
                        help="QEMU's network card for that (%(default)s)")
    parser.add_argument("--icount", action="store_true",
                        help="time is the count of instructions, and so the "
                        "same each time; one core, no KVM")
    parser.add_argument("--timeout", metavar="S", type=float,
                        help="a guest that takes longer hangs: says where, and "
                        "ends it ($TEST_TIMEOUT, less a part, if that is set)")
    parser.add_argument("--host-file", metavar="PATH", type=Path,
                        help="where to put what the guest writes to /host")
    parser.add_argument("--pin", action="store_true",
                        help="bind each core to a processor of its own")
    parser.add_argument("--gdb", action="store_true",
                        help="wait for gdb before the first instruction, and "
                        "say how it is attached")
    parser.add_argument("--gdb-socket", metavar="PATH", type=Path,
                        help=argparse.SUPPRESS)  # For ./ebbrt gdb.
    parser.add_argument("--nic", metavar="MODEL", action="append", default=[],
                        help="a network card: virtio-net, e1000 or e1000e, "
                        "with QEMU's properties as in virtio-net,mq=on; may "
                        "be given several times")
    parser.add_argument("--netdev", metavar="NETDEV", action="append",
                        default=[], help="what is behind the card of that "
                        "place, as QEMU has it but for the id (user)")
    parser.add_argument("--qemu-argument", metavar="ARG", action="append",
                        default=[], help="one more argument of QEMU's, as in "
                        "--qemu-argument=-d --qemu-argument=int; may be given "
                        "several times")
    parser.add_argument("image", metavar="IMAGE", type=Path)
    parser.add_argument("arguments", metavar="ARGUMENT",
                        nargs=argparse.REMAINDER, help="for the image")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Runs an image and returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except DocumentError as error:
        for problem in error.problems:
            print(f"ebbrt: {problem}", file=sys.stderr)
        return EXIT_WRONG_CONFIGURATION
    except BrokenPipeError:
        # Who read us has gone; Python itself would complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return _EXIT_NOBODY_READS
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"ebbrt: {place}{error.strerror}", file=sys.stderr)
        return EXIT_WRONG_CONFIGURATION


def _run(options: argparse.Namespace) -> int:
    image.check(options.image)
    command = guest_command.translate(options.arguments, os.environ,
                                      options.host_file,
                                      has_tests=image.has_tests(options.image))
    chosen = machine.choose(
        arguments=options.arguments, cores=options.cores,
        memory=options.memory, accelerator_wanted=options.accelerator,
        processor_model=options.cpu, counts_instructions=options.icount,
        boot_way=options.boot, boot_card=options.boot_card,
        qemu_arguments=[*nics.arguments(options.nic, options.netdev),
                        *options.qemu_argument])
    is_debugged = options.gdb or options.gdb_socket is not None
    timeout_s = _timeout_s(options.timeout)
    _tell_bazel()
    with private_directory() as directory:
        guest = Guest(chosen, options.image, command, directory,
                      debugger=options.gdb_socket, is_frozen=is_debugged)
        if options.gdb:
            print(f"ebbrt: waiting for: gdb {options.image} "
                  f"-ex 'target remote {guest.debugger}'",
                  file=sys.stderr, flush=True)
        return Session(
            guest, timeout_s=timeout_s, is_debugged=is_debugged,
            pinned_to=sorted(os.sched_getaffinity(0)) if options.pin else None
        ).run()


def _timeout_s(given: float | None) -> float | None:
    if given is not None and given <= 0:
        raise DocumentError([Problem("--timeout", f"{given:g}",
                                     "more than 0 s")])
    of_test = os.environ.get("TEST_TIMEOUT", "")
    if given is None and of_test.isdecimal():
        return int(of_test) * _PART_OF_TEST_TIMEOUT
    return given


def _tell_bazel() -> None:
    """Says that the test knows shards, as GoogleTest does on Linux."""
    file = os.environ.get("TEST_SHARD_STATUS_FILE")
    if file:
        Path(file).touch()
