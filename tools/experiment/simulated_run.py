"""One run of simulated nodes: all of them in one process, in virtual time.

The host program (platform/sim/host) gets a document of its own, starts the
nodes in order and ends them; their reports carry the node's name and role.
"""

import json
import select
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tools import paths
from tools.experiment.execution import (Outcome, RunFailed, RunStopped,
                                        WrongConfiguration)
from tools.experiment.metrics import Metrics
from tools.experiment.nodes import Node
from tools.experiment.processes import Process, exit_text, parse_report
from tools.experiment.programs import Programs

_POLL_SECONDS = 0.05
_EXIT_WRONG_CONFIGURATION = 2
# The host's own document and what it wrote, among the logs.
_DOCUMENT = "simulation.json"
_LOG = "simulation.log"


def host_document(nodes: Sequence[Node], simulation: dict[str, Any],
                  seed: int) -> dict[str, Any]:
    """What the host program is to run (platform/sim/host/host_document.h)."""
    groups = []
    for node in nodes:
        group = {"role": node.role, "app": node.app, "cores": node.cores,
                 "count": node.count, "service": node.is_service,
                 "parameters": node.parameters}
        if node.network:
            group["network"] = node.network
        if node.link:
            group["link"] = node.link
        groups.append(group)
    return {"seed": seed, **simulation, "nodes": groups}


class SimulatedRun:
    """The nodes of one run. Each run needs a new one."""

    def __init__(self, nodes: Sequence[Node], programs: Programs, *,
                 simulation: dict[str, Any], logs: Path, seed: int,
                 timeout_s: float,
                 on_progress: Callable[[float], None] = lambda fraction: None,
                 is_stopped: Callable[[], bool] = lambda: False):
        self._nodes = {node.role: node for node in nodes}
        self._program = programs.path(nodes[0])
        self._document = host_document(nodes, simulation, seed)
        self._logs = logs
        self._timeout_s = timeout_s
        self._on_progress = on_progress
        self._is_stopped = is_stopped
        # By role, the metrics of each node of it.
        self._metrics: dict[str, dict[str, Metrics]] = {}
        self._simulation: dict[str, Any] = {}

    def execute(self) -> Outcome:
        """Runs to the end. Whatever happens, no process is left.

        Raises RunStopped soon after `is_stopped` says so, and
        WrongConfiguration.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        document = (self._logs / _DOCUMENT).absolute()
        document.write_text(json.dumps(self._document, indent=2) + "\n")
        begin_s = time.monotonic()
        process = Process([str(self._program), str(document)],
                          log=self._logs / _LOG, cwd=paths.ROOT)
        try:
            self._serve(process, begin_s + self._timeout_s)
            wall_s = time.monotonic() - begin_s
            return Outcome("ok", self._all_metrics(wall_s),
                           self._usage(process))
        except WrongConfiguration:
            raise
        except RunFailed as error:
            return Outcome("failed", error=str(error))
        finally:
            process.kill()
            process.close()

    def _serve(self, process: Process, deadline_s: float) -> None:
        while not process.poll():
            if self._is_stopped():
                raise RunStopped
            if time.monotonic() > deadline_s:
                process.send(signal.SIGTERM)
                process.kill()
                raise RunFailed("the simulation did not end within "
                                f"{self._timeout_s:g} s (timeout_s)" +
                                _said(process))
            if not process.output_ended:
                select.select([process.output], [], [], _POLL_SECONDS)
                self._take(process.read())
        self._take(process.close())
        if process.exit_code == 0:
            return
        kind = (WrongConfiguration
                if process.exit_code == _EXIT_WRONG_CONFIGURATION
                else RunFailed)
        raise kind("the simulation ended with "
                   f"{exit_text(process.exit_code)}{_said(process)}")

    def _take(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            match parse_report(line):
                case {"event": "metrics", "metrics": dict() as metrics,
                      "node": str() as node, "role": str() as role}:
                    self._metrics.setdefault(role, {}).setdefault(
                        node, {}).update(metrics)
                case {"event": "progress", "role": str() as role,
                      "fraction": int() | float() as part}:
                    if not self._nodes[role].is_service:
                        self._on_progress(part)
                case {"event": "simulation"} as report:
                    self._simulation = {key: value
                                        for key, value in report.items()
                                        if key != "event"}

    def _all_metrics(self, wall_s: float) -> Metrics:
        """The only task's metrics as they are, other nodes' by their roles."""
        tasks = [node for node in self._nodes.values() if not node.is_service]
        alone = tasks[0].role if len(tasks) == 1 else None
        metrics: Metrics = {}
        for role, by_node in self._metrics.items():
            whole = combined(list(by_node.values()))
            if role == alone:
                metrics.update(whole)
            else:
                metrics[role] = whole
        events = sum(self._simulation.get(what, 0)
                     for what in ("turns", "actions"))
        metrics["simulation"] = {**self._simulation,
                                 "wall_s": round(wall_s, 3),
                                 "wall_events_per_second":
                                     round(events / wall_s)}
        return metrics

    def _usage(self, process: Process) -> dict[str, Any]:
        """Of the one process, under each role."""
        usage = {
            "processors": [],
            "exit_code": process.exit_code,
            "cpu_s": round(process.usage.ru_utime + process.usage.ru_stime, 6),
            "resident_bytes_max": process.usage.ru_maxrss * 1024,
        }
        return {role: usage for role in self._nodes}


def combined(all_metrics: Sequence[Metrics]) -> Metrics:
    """One node's metrics; of several, the sums of counts and rates.

    What is a time (its name ends in the unit, or it stands in an object of
    times) cannot be summed: there it is the mean of the nodes' figures.
    """
    if len(all_metrics) == 1:
        return all_metrics[0]
    return {"nodes": len(all_metrics), **_combined(all_metrics, False)}


def _combined(all_metrics: Sequence[Metrics], are_times: bool) -> Metrics:
    whole: Metrics = {}
    for key, first in all_metrics[0].items():
        values = [metrics.get(key) for metrics in all_metrics]
        is_time = are_times or key.endswith(("_ns", "_us", "_ms", "_s"))
        if isinstance(first, dict):
            if all(isinstance(value, dict) for value in values):
                whole[key] = _combined(values, is_time)
        elif not isinstance(first, bool) and all(
                isinstance(value, (int, float)) for value in values):
            whole[key] = sum(values) / (len(values) if is_time else 1)
    return whole


def _said(process: Process) -> str:
    lines = [line for line in process.last_lines if line.strip()]
    if not lines:
        return "; it had written nothing"
    return "; its last output:" + "".join(f"\n    {line}" for line in lines)
