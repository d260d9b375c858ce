"""Prints what core's primitives cost in instructions, by platform.

Instructions are exact where times are not: on Linux valgrind's callgrind counts
them, on bare metal QEMU's -icount does, whose time stamp counter advances by
one each. A primitive's cost is the difference of two runs that do it so and
so often, so that what comes before and after cancels out.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from tools.experiment import bazel, targets
from tools.experiment.processes import parse_report
from tools.experiment.table import render
from tools.qemu.prefix import RUN_IMAGE

_PROGRAM = "//core/event:primitive_cost"
_PRIMITIVES = ("ebb_call", "spawn", "timer", "fiber_switch", "malloc_free")
_COUNTS = (2000, 4000)
# Named, as the instructions that libraries choose depend on it.
_PROCESSOR = "Haswell-noTSX"


def _on_linux(program: Path, primitive: str, count: int) -> int:
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         str(program), primitive, str(count)],
        capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def _on_bare_metal(image: Path, primitive: str, count: int) -> int:
    done = subprocess.run(
        [str(RUN_IMAGE), "--icount", f"--cpu={_PROCESSOR}", str(image),
         primitive, str(count)],
        capture_output=True, check=True,
        env={"PATH": "/usr/bin:/bin", "EBBRT_MACHINE_STATISTICS": "1"})
    for line in done.stdout.splitlines():
        match parse_report(line):
            case {"event": "machine", "total_cycles": int() as cycles}:
                return cycles
    raise ValueError(f"{image} has told no statistics: {done.stdout!r}")


_COUNTERS = {"linux": _on_linux, "baremetal": _on_bare_metal}


def cost(platform: str, program: Path, primitive: str) -> float:
    """Instructions of one primitive, with the loop around it."""
    few, many = (_COUNTERS[platform](program, primitive, count)
                 for count in _COUNTS)
    return (many - few) / (_COUNTS[1] - _COUNTS[0])


def main() -> int:
    costs: dict[str, dict[str, float]] = {}
    for platform in _COUNTERS:
        program = bazel.build([_PROGRAM], targets.PLATFORM_FLAGS[platform])
        costs[platform] = {
            primitive: cost(platform, program[_PROGRAM], primitive)
            for primitive in _PRIMITIVES}
    if "--json" in sys.argv[1:]:
        print(json.dumps(costs))
        return 0
    rows = [[primitive, *(f"{costs[platform][primitive]:.1f}"
                          for platform in _COUNTERS)]
            for primitive in _PRIMITIVES]
    print(render(["instructions", *_COUNTERS], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
