"""Many histories of one experiment in virtual time, side by side, until one of
them fails.

Each is a process of its own, with a seed of its own, which decides all of it: a
history that failed is run again by its seed. It has failed if an application
says so by its exit code, as those do that check something, if it crashes, or if
it does not come to an end.
"""

import collections
import json
import os
import select
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import paths
from tools.experiment.execution import WrongConfiguration
from tools.experiment.nodes import nodes_of, simulation_of
from tools.experiment.processes import Process, exit_text, parse_report
from tools.experiment.simulated_run import host_document
from tools.experiment.sweep import Point

DOCUMENT = "simulation.json"
LOG = "simulation.log"
TIME_LINE = "time-line.json"
_EXIT_WRONG_CONFIGURATION = 2
# By which the host tells of nodes that wait for ever (platform/sim/sim.h), and
# of an event that never ends (platform/sim/host/watchdog.h).
_EXITS_OF_HANGS = {70: "nodes that wait for ever", 72: "an event never ends"}
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class History:
    """One run: a point of the experiment, and a seed."""

    point: Point
    seed: int

    @property
    def label(self) -> str:
        """Names it, for people."""
        where = f", {self.point.label}" if self.point.coordinates else ""
        return f"seed {self.seed}{where}"


@dataclass(frozen=True)
class Finding:
    """A history that failed."""

    history: History
    why: str
    directory: Path
    last_lines: list[str]


@dataclass
class Totals:
    """What all histories were together."""

    histories: int = 0
    virtual_ns: int = 0
    events: int = 0

    def add(self, report: dict[str, Any]) -> None:
        self.virtual_ns += report.get("virtual_ns", 0)
        self.events += report.get("turns", 0) + report.get("actions", 0)


class SimulatedProcess:
    """A simulation under way. REQUIRES: close before it is dropped."""

    def __init__(self, history: History, program: Path, directory: Path,
                 timeout_s: float, *, has_time_line: bool = False):
        self.history = history
        self.directory = directory
        self.summary: dict[str, Any] = {}
        self._timeout_s = timeout_s
        directory.mkdir(parents=True, exist_ok=True)
        document = host_document(
            nodes_of(history.point.document),
            simulation_of(history.point.document), history.seed)
        if has_time_line:
            document["trace"] = str((directory / TIME_LINE).absolute())
        file = (directory / DOCUMENT).absolute()
        file.write_text(json.dumps(document, indent=2) + "\n")
        self.process = Process([str(program), str(file)],
                               log=directory / LOG, cwd=paths.ROOT)
        self._deadline_s = time.monotonic() + timeout_s
        self._is_late = False

    def has_ended(self) -> bool:
        """Whether it has; takes its output. What takes too long is ended."""
        self._take(self.process.read())
        if time.monotonic() > self._deadline_s:
            self._is_late = True
            self.process.kill()
        if not self.process.poll():
            return False
        self._take(self.process.close())
        return True

    def _take(self, lines: Iterator[bytes] | list[bytes]) -> None:
        for line in lines:
            report = parse_report(line)
            if report and report["event"] == "simulation":
                self.summary = report

    def failure(self) -> str:
        """Why it has failed, "" if it has not. Raises WrongConfiguration."""
        code = self.process.exit_code
        said = "".join(f"\n    {line}" for line in self.process.last_lines)
        if code == _EXIT_WRONG_CONFIGURATION:
            raise WrongConfiguration(
                f"the simulation of {self.history.label} ended with "
                f"{exit_text(code)}; it said:{said}")
        if self._is_late:
            return f"it did not end within {self._timeout_s:g} s (timeout_s)"
        if code in _EXITS_OF_HANGS:
            return f"{_EXITS_OF_HANGS[code]} ({exit_text(code)})"
        return exit_text(code) if code != 0 else ""

    def close(self) -> None:
        """Ends it, if it has not ended."""
        self.process.kill()
        self.process.close()


def histories(points: Sequence[Point],
              seeds: Sequence[int]) -> list[History]:
    """All of them: each point with the first seed, then with the next."""
    return [History(point, seed) for seed in seeds for point in points]


class Exploration:
    """Runs histories until one fails, or all have been run."""

    def __init__(self, planned: Sequence[History], program: Path,
                 directory: Path, *, jobs: int, timeout_s: float,
                 on_progress: Callable[[Totals], None] = lambda totals: None):
        self.totals = Totals()
        self._planned = collections.deque(enumerate(planned))
        self._program = program
        self._directory = directory
        self._jobs = jobs
        self._timeout_s = timeout_s
        self._on_progress = on_progress
        # By the history's place in the order.
        self._running: dict[int, SimulatedProcess] = {}
        self._found: tuple[int, Finding] | None = None

    def run(self) -> Finding | None:
        """The first of them, in their order, that fails; None if none does.

        Whatever happens, no process is left. Raises WrongConfiguration.
        """
        try:
            while True:
                self._start()
                if not self._running:
                    return self._found[1] if self._found else None
                outputs = [running.process.output
                           for running in self._running.values()
                           if not running.process.output_ended]
                if outputs:
                    select.select(outputs, [], [], _POLL_SECONDS)
                else:
                    time.sleep(_POLL_SECONDS / 10)
                self._look()
        finally:
            for running in self._running.values():
                running.close()

    def _start(self) -> None:
        while (self._planned and len(self._running) < self._jobs and
               self._found is None):
            place, history = self._planned.popleft()
            self._running[place] = SimulatedProcess(
                history, self._program, self._directory / f"history-{place}",
                self._timeout_s)

    def _look(self) -> None:
        for place, running in list(self._running.items()):
            if self._found and place > self._found[0]:
                # The first is what a second exploration would find as well.
                running.close()
            elif running.has_ended():
                self._judge(place, running)
            else:
                continue
            del self._running[place]
            shutil.rmtree(running.directory, ignore_errors=True)

    def _judge(self, place: int, running: SimulatedProcess) -> None:
        self.totals.histories += 1
        self.totals.add(running.summary)
        why = running.failure()
        if why:
            kept = history_directory(self._directory, running.history)
            shutil.rmtree(kept, ignore_errors=True)
            running.directory.rename(kept)
            if self._found:  # Of a later one, which was found earlier.
                shutil.rmtree(self._found[1].directory, ignore_errors=True)
            self._found = place, Finding(running.history, why, kept,
                                         list(running.process.last_lines))
        self._on_progress(self.totals)


def history_directory(directory: Path, history: History) -> Path:
    """Where what is kept of a history is."""
    where = "".join(f"-{value}" for value in
                    history.point.coordinates.values()).replace("/", "_")
    return directory / f"seed-{history.seed}{where}"


def replay(history: History, program: Path, directory: Path,
           timeout_s: float) -> tuple[str, bytes]:
    """Runs one history again: why it fails, if it does, and what it writes.

    Its time line is left in the directory. Raises WrongConfiguration.
    """
    running = SimulatedProcess(history, program, directory, timeout_s,
                               has_time_line=True)
    try:
        while not running.has_ended():
            if not running.process.output_ended:
                select.select([running.process.output], [], [], _POLL_SECONDS)
        return running.failure(), (directory / LOG).read_bytes()
    finally:
        running.close()


def default_jobs() -> int:
    """As many as there are processors for us."""
    return len(os.sched_getaffinity(0))
