"""QEMU's command line for an image.

Source: qemu-system-x86_64(1); QEMU, docs/specs and hw/misc/debugexit.c.
"""

from dataclasses import dataclass
from pathlib import Path

from tools.qemu import accelerator, boot
from tools.qemu.guest_command import GuestCommand
from tools.qemu.machine import Machine


@dataclass(frozen=True)
class Connections:
    """Where QEMU is to be reached: by what it inherits, and by a path."""

    control: int
    debugger: Path


def command_line(machine: Machine, image: Path, command: GuestCommand,
                 connections: Connections, directory: Path, *,
                 is_frozen: bool) -> list[str]:
    """How to start it. Writes what it needs into `directory`.

    Raises DocumentError where the machine cannot boot as it is to.
    """
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
    line += boot.arguments(machine.boot_way, machine.boot_card, image, command,
                           directory)
    return [*line, *machine.arguments]


def host_copy(directory: Path) -> Path:
    """Where the guest's /host goes until it has ended."""
    return directory / "host"
