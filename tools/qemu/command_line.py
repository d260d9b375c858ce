"""QEMU's command line for an image.

Source: qemu-system-x86_64(1); QEMU, docs/specs and hw/misc/debugexit.c.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tools.qemu import accelerator
from tools.qemu.guest_command import GuestCommand
from tools.qemu.machine import Machine

# Names that a boot loader's command line and QEMU's lists of options take as
# they are.
_PLAIN_PATH = re.compile(r"[\w./+:@%-]+")


@dataclass(frozen=True)
class Connections:
    """Where QEMU is to be reached: by what it inherits, and by a path."""

    control: int
    debugger: Path


def command_line(machine: Machine, image: Path, command: GuestCommand,
                 connections: Connections, directory: Path, *,
                 is_frozen: bool) -> list[str]:
    """How to start it. Writes what it needs into `directory`."""
    line = [
        accelerator.qemu_path(), "-nodefaults", "-no-user-config",
        "-display", "none", "-machine", "q35,sata=off,smbus=off",
        "-accel", machine.accelerator, "-cpu", machine.processor_model,
        "-smp", str(machine.cores), "-m", str(machine.memory_mib),
        # A machine that resets itself stands still, so that one can look.
        "-no-reboot", "-no-shutdown",
        "-device", "isa-debug-exit,iobase=0x501,iosize=0x02",
        "-chardev", "stdio,id=console,signal=off",
        "-serial", "chardev:console",
        "-chardev", f"socket,id=control,fd={connections.control}",
        "-mon", "chardev=control,mode=control",
        "-gdb", f"unix:{connections.debugger},server=on,wait=off",
    ]
    if is_frozen:
        line.append("-S")
    if machine.counts_instructions:
        line += ["-icount", "shift=0"]
    if command.host_file is not None:
        line += ["-debugcon", f"file:{host_copy(directory)}"]
    if command.modules:
        line += ["-initrd", ",".join(_modules(command, directory))]
    return [*line, "-kernel", _kernel(image, directory),
            "-append", command.line(), *machine.arguments]


def host_copy(directory: Path) -> Path:
    """Where the guest's /host goes until it has ended."""
    return directory / "host"


def _kernel(image: Path, directory: Path) -> str:
    # QEMU makes the name the first word of the command line, without quotes.
    if _PLAIN_PATH.fullmatch(str(image)):
        return str(image)
    link = directory / "image"
    link.symlink_to(image.absolute())
    return str(link)


def _modules(command: GuestCommand, directory: Path) -> list[str]:
    places = []
    for index, content in enumerate(command.modules):
        place = directory / f"module-{index}"
        if isinstance(content, Path):
            place.symlink_to(content.absolute())
        else:
            place.write_text(content, encoding="utf-8",
                             errors="surrogateescape")
        places.append(str(place))
    return places
