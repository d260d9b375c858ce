"""Runs a program of this machine in a Linux guest of its own, as if it ran
here: its console, its exit code, and Ctrl-C."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.experiment.problems import DocumentError, Problem, quote
from tools.linux_guest import guest_program
from tools.linux_guest.kernel import kernel
from tools.qemu import machine, nics
from tools.qemu.guest import Guest, private_directory
from tools.qemu.guest_command import GuestCommand
from tools.qemu.session import EXIT_WRONG_CONFIGURATION, Session

# A kernel and its shell want more than an image of ours.
_MEMORY = "512M"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_program", description=__doc__, allow_abbrev=False)
    parser.add_argument("--cores", metavar="N", type=int, default=1)
    parser.add_argument("--memory", metavar="M", default=_MEMORY,
                        help=f"MiB, or as in 512M and 4G ({_MEMORY})")
    parser.add_argument("--accelerator", metavar="A", default="auto",
                        help="kvm, tcg, or auto (auto)")
    parser.add_argument("--cpu", metavar="MODEL",
                        help="QEMU's model of the processor")
    parser.add_argument("--icount", action="store_true",
                        help="count instructions as time")
    parser.add_argument("--timeout", metavar="S", type=float,
                        help="the guest is ended after so many seconds")
    parser.add_argument("--pin", action="store_true",
                        help="bind each core to a processor of its own")
    parser.add_argument("--nic", metavar="MODEL", action="append", default=[],
                        help="its network card, as of run_image")
    parser.add_argument("--netdev", metavar="NETDEV", action="append",
                        default=[], help="what is behind it, as of run_image")
    parser.add_argument("--address", metavar="ADDRESS/BITS", default="",
                        help="the address of its card")
    parser.add_argument("--env", metavar="NAME=VALUE", action="append",
                        default=[], help="a variable of the program's "
                        "environment; may be given several times")
    parser.add_argument("--file", metavar="PATH", type=Path, action="append",
                        default=[], help="a file that the program is to find, "
                        "or another program; may be given several times")
    parser.add_argument("program", metavar="PROGRAM")
    parser.add_argument("arguments", metavar="ARGUMENT",
                        nargs=argparse.REMAINDER)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Runs the program and returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except DocumentError as error:
        for problem in error.problems:
            print(f"ebbrt: {problem}", file=sys.stderr)
        return EXIT_WRONG_CONFIGURATION


def _run(options: argparse.Namespace) -> int:
    program = shutil.which(options.program)
    if program is None:
        raise DocumentError([Problem("PROGRAM", quote(options.program),
                                     "a program on the PATH, or a path")])
    chosen = machine.choose(
        arguments=(), cores=options.cores, memory=options.memory,
        accelerator_wanted=options.accelerator,
        processor_model=options.cpu, counts_instructions=options.icount,
        qemu_arguments=nics.arguments(options.nic, options.netdev))
    linux = kernel()
    archive = guest_program.archive(
        linux, Path(program).absolute(), options.arguments,
        address=options.address, environment=options.env,
        files=[file.absolute() for file in options.file])
    with private_directory() as directory:
        initramfs = directory / "initramfs"
        initramfs.write_bytes(archive.content())
        command = GuestCommand(words=list(guest_program.COMMAND_LINE),
                               modules=[initramfs])
        guest = Guest(chosen, linux.image, command, directory)
        return Session(
            guest, timeout_s=options.timeout,
            pinned_to=sorted(os.sched_getaffinity(0)) if options.pin else None
        ).run()
