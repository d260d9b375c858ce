"""Where each core of a guest is: by gdb, through QEMU's stub."""

import os
import re
import shutil
import subprocess
from pathlib import Path

SECONDS_MAX = 15
_FRAMES_MAX = 24
_LINES_MAX = 400
_GDB = "gdb"
# "Thread 2 (Thread 1.2 (CPU#1 [running])):", and frames below it.
_CORE = re.compile(r"Thread \d+ .*CPU#(\d+) \[(\w+)")
_FRAME = re.compile(r"#\d+ ")


def take(image: Path, debugger: Path) -> list[str]:
    """A backtrace of each core, in lines; or why there is none."""
    if shutil.which(_GDB) is None:
        return ["no backtrace: there is no gdb (apt-get install gdb)"]
    commands = ["set pagination off", "set width 0", "set confirm off",
                f"target remote {debugger}",
                f"thread apply all -s backtrace {_FRAMES_MAX}"]
    line = [_GDB, "-nx", "-batch", "-iex", "set debuginfod enabled off"]
    for command in commands:
        line += ["-ex", command]
    environment = {name: value for name, value in os.environ.items()
                   if name != "DEBUGINFOD_URLS"}
    try:
        done = subprocess.run(
            [*line, str(image)], stdin=subprocess.DEVNULL, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", check=False, timeout=SECONDS_MAX,
            start_new_session=True)
    except subprocess.TimeoutExpired:
        return [f"no backtrace: gdb did not end within {SECONDS_MAX} s"]
    return _cores(done.stdout) or [
        "no backtrace: gdb said:",
        *(f"    {line}" for line in done.stdout.splitlines()[-5:])]


def _cores(said: str) -> list[str]:
    cores: dict[int, list[str]] = {}
    frames: list[str] | None = None
    for line in said.splitlines():
        core = _CORE.match(line)
        if core:
            frames = cores.setdefault(int(core[1]), [
                f"core {core[1]}" + (", halted" if core[2] == "halted"
                                     else "") + ":"])
        elif frames is not None and (_FRAME.match(line) or
                                     line.startswith(" ")):
            frames.append(f"    {line}")
    return [line for core in sorted(cores) for line in cores[core]
            ][:_LINES_MAX]
