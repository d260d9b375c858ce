"""The virtual machine that an image runs on."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tools.experiment.problems import DocumentError, Problem, quote
from tools.qemu import accelerator, boot

# Of QEMU's machine q35, with the interrupt controllers that we drive.
CORES_MAX = 255
MEMORY_MIB_MIN = 16
_MEMORY_MIB = 256
_MEMORY_MIB_A_FURTHER_CORE = 64
_MIB_IN = {"": 1, "M": 1, "G": 1024}


@dataclass(frozen=True)
class Machine:
    """What QEMU is asked for."""

    cores: int
    memory_mib: int
    accelerator: str  # "kvm" or "tcg".
    processor_model: str
    counts_instructions: bool = False
    # One of boot.WAYS, and the network card of those over a network.
    boot_way: str = boot.WAYS[0]
    boot_card: str = boot.CARD
    # Added to QEMU's command line as they are.
    arguments: tuple[str, ...] = ()


def parse_memory(text: str, place: str = "--memory") -> int:
    """MiB, of "512", "512M" or "4G". Raises DocumentError."""
    found = re.fullmatch(r"([1-9][0-9]{0,8})([MG]?)", text)
    memory_mib = int(found[1]) * _MIB_IN[found[2]] if found else 0
    if memory_mib < MEMORY_MIB_MIN:
        raise DocumentError([Problem(
            place, quote(text), f"MiB, or as in 512M and 4G; at least "
            f"{MEMORY_MIB_MIN}M")])
    return memory_mib


def choose(*, arguments: Sequence[str], cores: int | None = None,
           memory: str | None = None, accelerator_wanted: str = "auto",
           processor_model: str | None = None,
           counts_instructions: bool = False,
           boot_way: str = boot.WAYS[0], boot_card: str = boot.CARD,
           qemu_arguments: Sequence[str] = ()) -> Machine:
    """The machine for an image with these arguments. Raises DocumentError."""
    place = "--cores"
    if cores is None:
        cores = _cores_of(arguments)
        place = "the image's --cores"
    if cores == 0:
        cores = len(os.sched_getaffinity(0))
    if not 0 < cores <= CORES_MAX:
        raise DocumentError([Problem(
            place, str(cores), f"0 for all processors, or 1 to {CORES_MAX}")])
    memory_mib = (parse_memory(memory) if memory is not None else
                  _MEMORY_MIB + _MEMORY_MIB_A_FURTHER_CORE * (cores - 1))
    if counts_instructions:
        if cores > 1 or accelerator_wanted == "kvm":
            raise DocumentError([Problem(
                "--icount", f"{cores} cores" if cores > 1 else "KVM",
                "one core without KVM: only so are instructions counted")])
        accelerator_wanted = "tcg"
    chosen = accelerator.choose(accelerator_wanted)
    return Machine(cores, memory_mib, chosen,
                   processor_model or accelerator.PROCESSOR_MODELS[chosen],
                   counts_instructions, boot_way, boot_card,
                   tuple(qemu_arguments))


def _cores_of(arguments: Sequence[str]) -> int:
    """What --cores of the application says (core/app/command_line.h)."""
    for argument in reversed(arguments):
        name, _, value = argument.partition("=")
        if name == "--cores" and value.isdecimal():
            return int(value)
    return 1  # As the application has it, or as it will complain.
