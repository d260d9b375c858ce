"""What a Linux guest is made of: a program of this machine, with the libraries
that it loads, beside a shell and the drivers.

Source: ldd(1), bootparam(7).
"""

import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.experiment.problems import DocumentError, Problem, quote
from tools.linux_guest.archive import Archive
from tools.linux_guest.kernel import Kernel

_INIT = Path(__file__).with_name("init.sh")
# Of ldd: a library and where it is, or the loader alone.
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
_USERS = "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
_GROUPS = "root:x:0:\nnogroup:x:65534:\n"
# It says nothing that is not asked for; a panic ends it at once.
COMMAND_LINE = ("console=ttyS0", "quiet", "loglevel=0", "panic=-1",
                "mitigations=off", "rdinit=/init")


def archive(kernel: Kernel, program: Path, arguments: Sequence[str], *,
            address: str, environment: Sequence[str],
            files: Sequence[Path]) -> Archive:
    """`environment` is of "NAME=VALUE"; `files` are there by the same names,
    programs with their libraries. Raises DocumentError."""
    made = Archive()
    made.add("init", _INIT, is_program=True)
    made.add("bin/busybox", kernel.shell, is_program=True)
    for name in ("proc", "sys", "dev", "tmp", "var/log", "run"):
        made.add_folder(name)
    made.add("etc/passwd", _USERS.encode())
    made.add("etc/group", _GROUPS.encode())
    for driver in kernel.drivers:
        made.add(f"drivers/{driver.name}", driver)
    made.add("settings", f"ADDRESS={shlex.quote(address)}\n".encode())
    words = " ".join(shlex.quote(word) for word in [
        "env", *environment, str(program), *arguments])
    made.add("run", f"#!/bin/sh\nexec {words}\n".encode(), is_program=True)
    _add_program(made, program)
    for file in files:
        if not file.is_file():
            raise DocumentError([Problem("--file", quote(str(file)),
                                         "a file of this machine")])
        if os.access(file, os.X_OK):
            _add_program(made, file)
        else:
            made.add(str(file), file)
    return made


def _add_program(made: Archive, program: Path) -> None:
    made.add(str(program), program.resolve(), is_program=True)
    for library in _libraries(program):
        made.add(str(library), library.resolve(), is_program=True)


def _libraries(program: Path) -> list[Path]:
    done = subprocess.run(["ldd", str(program)], capture_output=True,
                          text=True, check=False)
    found = [Path(path) for path in _LIBRARY.findall(done.stdout)]
    if done.returncode != 0 and "statically linked" not in done.stdout \
            and "not a dynamic executable" not in done.stderr:
        raise DocumentError([Problem(
            str(program), quote((done.stderr or done.stdout).strip()),
            "a program of this machine, which a guest is to run")])
    return found
