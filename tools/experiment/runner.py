"""Runs an experiment: what is left of it, with progress, so that it can go on.

After each run result.json is written anew. An interrupt drops the run under
way and keeps the others; the next call of the same experiment goes on there.
"""

import datetime
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.experiment import claims, machine, plan, results
from tools.experiment.execution import Outcome, Run, RunStopped
from tools.experiment.nodes import Node, nodes_of, simulation_of
from tools.experiment.plan import PlannedRun
from tools.experiment.programs import Programs
from tools.experiment.progress import Progress
from tools.experiment.simulated_run import SimulatedRun
from tools.qemu import accelerator


# So many failures without a success, and at least one of each point, mean that
# something is wrong with all: it is not worth the time to go on.
FAILURES_MIN = 3


class GivenUp(Exception):
    """Nothing works; says what."""


class Interrupted(Exception):
    """The experiment was asked to stop; what had finished is kept."""


class Experiment:
    """An experiment and the directory that its result is in."""

    def __init__(self, config: dict[str, Any], planned: Sequence[PlannedRun],
                 programs: Programs, directory: Path):
        self.config = config
        self.directory = directory
        self._planned = planned
        self._programs = programs
        self.result = self._start_result()

    @property
    def left(self) -> list[PlannedRun]:
        """The runs that have not finished."""
        return plan.remaining(self._planned, self.result["runs"])

    @property
    def total(self) -> int:
        return len(self._planned)

    def _start_result(self) -> dict[str, Any]:
        result = {
            "schema": results.SCHEMA_VERSION,
            "experiment": self.config["name"],
            "commit": machine.commit(),
            "machine": {**machine.describe(), **self._describe_emulator()},
            "config": self.config,
            "programs": self._programs.checksums,
            "runs": [],
            "claims": [],
        }
        if (self.directory / results.RESULT).is_file():
            # What failed before is tried again.
            result["runs"] = [run for run in
                              results.read(self.directory)["runs"]
                              if run["status"] == "ok"]
        return result

    def _describe_emulator(self) -> dict[str, str]:
        chosen = self._programs.accelerator
        return accelerator.describe(chosen) if chosen else {}

    def run(self) -> None:
        """Does what is left.

        Raises Interrupted, GivenUp and execution.WrongConfiguration.
        """
        left = self.left
        progress = Progress(self.total, self.total - len(left))
        results.write(self.directory, self.result)
        try:
            with _stop_signals() as is_stopped:
                for planned in left:
                    if is_stopped():
                        raise Interrupted
                    self._run_one(planned, progress, is_stopped)
                    self._look_for_hope()
        except RunStopped:
            raise Interrupted from None
        finally:
            progress.close()

    def _look_for_hope(self) -> None:
        runs = self.result["runs"]
        points = {planned.index for planned in self._planned}
        if len(runs) < max(FAILURES_MIN, len(points)) or any(
                run["status"] == "ok" for run in runs):
            return
        raise GivenUp(f"all of the first {len(runs)} runs failed")

    def _run_one(self, planned: PlannedRun, progress: Progress,
                 is_stopped: Callable[[], bool]) -> None:
        name = planned.point.label if planned.point.coordinates else ""
        progress.begin(name, planned.repetition)
        nodes = nodes_of(planned.point.document)
        logs = self.directory / "logs" / planned.name
        shutil.rmtree(logs, ignore_errors=True)
        started = datetime.datetime.now(datetime.timezone.utc)
        begin_s = time.monotonic()
        outcome = self._execute(planned, nodes, logs, progress.within,
                                is_stopped)
        record = {
            "platform": next((node.platform for node in nodes
                              if not node.program), "linux"),
            "point": planned.point.coordinates,
            "repetition": planned.repetition,
            "seed": planned.seed,
            "status": outcome.status,
            "started": started.isoformat(timespec="seconds"),
            "duration_s": round(time.monotonic() - begin_s, 3),
            "nodes": outcome.nodes,
            "metrics": outcome.metrics,
        }
        if outcome.error:
            record["error"] = outcome.error
        self.result["runs"].append(record)
        results.write(self.directory, self.result)
        progress.end(outcome.error)

    def _execute(self, planned: PlannedRun, nodes: list[Node], logs: Path,
                 on_progress: Callable[[float], None],
                 is_stopped: Callable[[], bool]) -> Outcome:
        timeout_s = self.config.get("timeout_s", plan.DEFAULT_TIMEOUT_S)
        if any(node.is_simulated for node in nodes):
            return SimulatedRun(
                nodes, self._programs, logs=logs, seed=planned.seed,
                simulation=simulation_of(planned.point.document),
                timeout_s=timeout_s, on_progress=on_progress,
                is_stopped=is_stopped).execute()
        return Run(
            nodes, self._programs, logs=logs, seed=planned.seed,
            timeout_s=timeout_s, processors=sorted(os.sched_getaffinity(0)),
            on_progress=on_progress, is_stopped=is_stopped).execute()

    def conclude(self) -> list[claims.Outcome]:
        """Evaluates the claims and writes what is written once at the end."""
        outcomes = claims.evaluate(
            self.config.get("claims", []), self.result["runs"],
            self.config.get("seed", plan.DEFAULT_SEED))
        self.result["claims"] = [outcome.as_json() for outcome in outcomes]
        results.write(self.directory, self.result)
        results.write_csv(self.directory, self.result)
        return outcomes


@contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """Whether SIGINT, SIGTERM or SIGHUP has come.

    They raise nothing: between the start of a process and the note that there
    is one, an exception would leave it behind.
    """
    came = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda n, frame: came.append(n))
              for number in numbers}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
