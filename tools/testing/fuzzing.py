"""Runs libFuzzer's programs, each for as many executions as are wanted.

Source: LLVM, "libFuzzer", options and output.
"""

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

LOG = "log"
_PROGRAM = "program"
_CORPUS = "corpus"
# What longer ones reach shorter ones do, at more executions a second.
_INPUT_BYTES_MAX = 512
# What libFuzzer returns when a signal asked it to end.
_INTERRUPTED = 72
_SANITIZER = ":".join((
    # Costs most where nodes come and go. The suite's short runs look for it.
    "detect_stack_use_after_return=0",
    # An execution is short: what it frees is used again while still in a cache.
    "quarantine_size_mb=8",
    "allocator_release_to_os_interval_ms=-1"))


@dataclass(frozen=True)
class Outcome:
    """What became of one run; its log and findings are in `directory`."""

    name: str
    directory: Path
    exit_code: int
    executions: int
    seconds: float

    @property
    def found(self) -> bool:
        return self.exit_code != 0 and not self.stopped

    @property
    def stopped(self) -> bool:
        """By somebody, before it had found anything."""
        return self.exit_code == _INTERRUPTED or self.exit_code < 0


def prepare(label: str, program: Path, directory: Path) -> Path:
    """Copies the program, and the inputs that ship with it, to a folder of its
    own beneath `directory`, so that what is built meanwhile changes nothing.
    What an earlier run has found there is kept, and begun from.
    """
    own = directory / label.removeprefix("//").replace("/", ".").replace(
        ":", ".")
    corpus = own / _CORPUS
    corpus.mkdir(parents=True, exist_ok=True)
    own.joinpath(_PROGRAM).unlink(missing_ok=True)
    shutil.copy(program, own / _PROGRAM)
    for file in Path(f"{program}.runfiles").glob(f"*/**/{_CORPUS}/**/*"):
        if file.is_file():
            shutil.copy(file, corpus / file.name)
    return own


def run(directory: Path, runs: int, seed: int) -> Outcome:
    """Runs what was prepared there. It ends early at the first finding."""
    begin_s = time.monotonic()
    with (directory / LOG).open("wb") as log:
        done = subprocess.run(
            [f"./{_PROGRAM}", f"-runs={runs}", f"-seed={seed}",
             f"-max_len={_INPUT_BYTES_MAX}", "-print_final_stats=1", _CORPUS],
            cwd=directory, env={**os.environ, "ASAN_OPTIONS": _SANITIZER},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
    text = (directory / LOG).read_text(encoding="utf-8", errors="replace")
    executions = re.findall(r"^stat::number_of_executed_units:\s+(\d+)$", text,
                            re.MULTILINE)
    return Outcome(directory.name, directory, done.returncode,
                   int(executions[0]) if executions else 0,
                   time.monotonic() - begin_s)
