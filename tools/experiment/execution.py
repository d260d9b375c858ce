"""One run: starts the nodes of a point, waits for them, takes their metrics."""

import dataclasses
import select
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools import paths
from tools.experiment import placement, references
from tools.experiment.benchmarks import read_benchmarks
from tools.experiment.commands import command_line
from tools.experiment.nodes import Node, is_awaited
from tools.experiment.network_namespace import NoSegment
from tools.experiment.processes import Process, exit_text, parse_report
from tools.experiment.programs import Programs
from tools.experiment.segment import Place, Segment, reachable, segment_for
from tools.qemu.accelerator import PROCESSOR_MODELS

# How long a service may take to end once it is asked to.
STOP_SECONDS_MAX = 5.0
# How long an image that hangs may take to say where.
_TELL_SECONDS_MAX = 20.0
# How soon an end is seen. Not sooner: looking takes time from the nodes.
_POLL_SECONDS = 0.05
# By which our applications say so (core/app/application.h).
_EXIT_WRONG_CONFIGURATION = 2


class RunFailed(Exception):
    """A run that measured nothing; says why."""


class WrongConfiguration(RunFailed):
    """One of our applications refused its parameters: no run can succeed."""


class RunStopped(Exception):
    """A run that was asked to stop before its end."""


@dataclass
class Outcome:
    """What a run gave."""

    status: str
    metrics: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    # By role, what nodes that trace have reported of their events.
    traces: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Running:
    """A node that has been started."""

    node: Node
    process: Process
    processors: list[int]
    place: Place
    port: int | None = None
    ready: dict[str, Any] | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    trace: dict[str, Any] | None = None
    benchmark_file: Path | None = None

    def take(self, line: bytes, on_progress: Callable[[float], None]) -> None:
        report = parse_report(line)
        match report:
            case {"event": "ready"}:
                self.ready = report
                if "endpoint" in report:
                    report["endpoint"] = reachable(report["endpoint"],
                                                   self.place)
            case {"event": "metrics", "metrics": dict() as metrics}:
                self.metrics.update(metrics)
            case {"event": "trace"}:
                self.trace = report
            case {"event": "progress", "fraction": int() | float() as part}:
                if not self.node.is_service:
                    on_progress(part)


class Run:
    """The nodes of one run. Each run needs a new one."""

    def __init__(self, nodes: Sequence[Node], programs: Programs, *,
                 logs: Path, seed: int, timeout_s: float,
                 processors: Sequence[int],
                 on_progress: Callable[[float], None] = lambda fraction: None,
                 is_stopped: Callable[[], bool] = lambda: False):
        self._nodes = nodes
        self._programs = programs
        self._logs = logs
        self._seed = seed
        self._timeout_s = timeout_s
        self._placed = placement.place(nodes, processors)
        self._on_progress = on_progress
        self._is_stopped = is_stopped
        self._running: list[_Running] = []
        accelerator = programs.accelerator
        self._emulator = {
            "accelerator": accelerator,
            "guest_processor": PROCESSOR_MODELS[accelerator],
        } if accelerator else {}

    def execute(self) -> Outcome:
        """Runs to the end. Whatever happens, no process is left.

        Raises RunStopped soon after `is_stopped` says so, and
        WrongConfiguration.
        """
        self._deadline_s = time.monotonic() + self._timeout_s
        self._logs.mkdir(parents=True, exist_ok=True)
        try:
            with segment_for(self._nodes, self._programs.relay,
                             self._seed) as segment:
                return self._execute_on(segment)
        except WrongConfiguration:
            raise
        except (RunFailed, NoSegment) as error:
            return Outcome("failed", error=str(error))

    def _execute_on(self, segment: Segment) -> Outcome:
        self._segment = segment
        try:
            for number, (node, processors) in enumerate(
                    zip(self._nodes, self._placed)):
                self._start(node, segment.place(number, node), processors)
            self._wait("end", lambda: all(
                running.process.poll() for running in self._running
                if not running.node.is_service))
            self._stop_services()
            return Outcome("ok", self._metrics(), self._usage(), traces={
                running.node.role: running.trace for running in self._running
                if running.trace is not None})
        finally:
            for running in self._running:
                running.process.kill()
                running.process.close()

    def _start(self, node: Node, place: Place, processors: list[int]) -> None:
        port = self._segment.free_port() if node.needs_port else None
        file = (self._logs / f"{node.role}.benchmark.json").absolute()
        filled = self._filled(node, place, port)
        try:
            process = Process(
                command_line(filled, self._programs.path(node), place,
                             self._seed, file, self._programs.accelerator),
                log=self._logs / f"{node.role}.log",
                environment=filled.environment, processors=processors,
                cwd=paths.ROOT)
        except OSError as error:
            raise RunFailed(f"{node.role}: {node.what} cannot be started: "
                            f"{error.strerror}") from None
        running = _Running(node, process, processors, place, port,
                           benchmark_file=file if node.benchmark else None)
        self._running.append(running)
        if is_awaited(node):
            self._wait(f"be ready ({node.role})",
                       lambda: self._is_ready(running))

    def _is_ready(self, running: _Running) -> bool:
        if running.ready is None and running.node.ready == "tcp":
            endpoint = self._segment.listener(running.place, running.port)
            if endpoint:
                running.ready = {"port": running.port, "endpoint": endpoint}
        if running.ready is None and running.process.poll():
            raise self._failure(running, "ended before it was ready, with " +
                                exit_text(running.process.exit_code))
        return running.ready is not None

    def _filled(self, node: Node, place: Place, port: int | None) -> Node:
        """The node with its references replaced by what they stand for."""
        own = {"address": place.address, "port": port, "cores": node.cores,
               "seed": self._seed}

        def lookup(reference: str) -> Any:
            return self._lookup(node, own, reference)

        return dataclasses.replace(
            node, parameters=references.fill(node.parameters, lookup),
            arguments=[str(references.fill(argument, lookup))
                       for argument in node.arguments],
            environment={name: str(references.fill(value, lookup))
                         for name, value in node.environment.items()})

    def _lookup(self, node: Node, own: dict[str, Any], reference: str) -> Any:
        if reference in own:
            return own[reference]
        role, _, key = reference.partition(".")
        other = next(other for other in self._running
                     if other.node.role == role)
        ready = {"address": other.place.address, **(other.ready or {})}
        if key not in ready:
            keys = ", ".join(sorted(set(ready) - {"event"})) or "nothing"
            raise RunFailed(f"{node.role}: refers to ${{{reference}}}, but "
                            f"{role} was ready with {keys}")
        return ready[key]

    def _wait(self, what: str, is_done: Callable[[], bool]) -> None:
        """Serves the nodes until `is_done`. Raises RunFailed."""
        while not is_done():
            self._serve(_POLL_SECONDS)
            self._look_for_failures()
            if time.monotonic() > self._deadline_s:
                slow = next((running for running in self._running
                             if not running.node.is_service and
                             not running.process.poll()), self._running[-1])
                self._let_tell(slow)
                raise self._failure(
                    slow, f"did not {what} within {self._timeout_s:g} s "
                    "(timeout_s)")

    def _let_tell(self, running: _Running) -> None:
        """Has an image that hangs say where; what runs it does at SIGQUIT."""
        if not running.node.is_image:
            return
        running.process.send(signal.SIGQUIT)
        deadline_s = time.monotonic() + _TELL_SECONDS_MAX
        while not running.process.poll() and time.monotonic() < deadline_s:
            self._serve(_POLL_SECONDS)

    def _serve(self, seconds: float) -> None:
        open_nodes = {running.process.output: running
                      for running in self._running
                      if not running.process.poll() and
                      not running.process.output_ended}
        if self._is_stopped():
            raise RunStopped
        readable, _, _ = select.select(list(open_nodes), [], [], seconds)
        for descriptor in readable:
            self._read(open_nodes[descriptor])

    def _read(self, running: _Running) -> None:
        for line in running.process.read():
            running.take(line, self._on_progress)

    def _look_for_failures(self) -> None:
        for running in self._running:
            code = running.process.exit_code
            if code is None:
                continue
            if running.node.is_service:
                raise self._failure(running, "ended while it was needed, with "
                                    + exit_text(code))
            if code != 0:
                raise self._failure(running, f"ended with {exit_text(code)}")

    def _stop_services(self) -> None:
        services = [running for running in self._running
                    if running.node.is_service]
        for running in services:
            if running.process.poll():
                raise self._failure(running, "ended while it was needed, with "
                                    + exit_text(running.process.exit_code))
            running.process.send(signal.SIGINT)
        deadline_s = time.monotonic() + STOP_SECONDS_MAX
        while not all(running.process.poll() for running in services):
            self._serve(_POLL_SECONDS)
            if time.monotonic() > deadline_s:
                slow = next(running for running in services
                            if not running.process.poll())
                self._let_tell(slow)
                raise self._failure(slow, "did not stop within "
                                    f"{STOP_SECONDS_MAX:g} s of SIGINT")
        for running in services:
            # The system's programs may count SIGINT as a failure; ours do not.
            if running.node.app and running.process.exit_code != 0:
                raise self._failure(running, "was asked to stop and ended with "
                                    + exit_text(running.process.exit_code))

    def _metrics(self) -> dict[str, Any]:
        """The only task's metrics as they are, other nodes' by their roles."""
        tasks = [running for running in self._running
                 if not running.node.is_service]
        for running in self._running:
            for line in running.process.close():
                running.take(line, self._on_progress)
            if running.benchmark_file:
                running.metrics = read_benchmarks(running.benchmark_file)
        for running in tasks:
            if running.process.exit_code != 0:
                raise self._failure(running, "ended with " + exit_text(
                    running.process.exit_code))
        alone = tasks[0] if len(tasks) == 1 else None
        metrics = dict(alone.metrics) if alone else {}
        for running in self._running:
            if running is not alone and running.metrics:
                metrics[running.node.role] = running.metrics
        return metrics

    def _usage(self) -> dict[str, Any]:
        return {
            running.node.role: {
                "processors": running.processors,
                "exit_code": running.process.exit_code,
                "cpu_s": round(running.process.usage.ru_utime +
                               running.process.usage.ru_stime, 6),
                "resident_bytes_max": _resident_bytes_max(running),
                **(self._emulator if running.node.has_machine else {}),
            } for running in self._running
        }

    def _failure(self, running: _Running, what: str) -> RunFailed:
        running.process.kill()
        for line in running.process.close():
            running.take(line, self._on_progress)
        lines = [line for line in running.process.last_lines if line.strip()]
        said = "; it had written nothing"
        if lines:
            said = "; its last output:" + "".join(
                f"\n    {line}" for line in lines)
        refused = (running.node.app and
                   running.process.exit_code == _EXIT_WRONG_CONFIGURATION)
        return (WrongConfiguration if refused else RunFailed)(
            f"{running.node.role} ({running.node.what}) {what}{said}")


def _resident_bytes_max(running: _Running) -> int:
    process = running.process
    most_of_any = process.usage.ru_maxrss * 1024
    if running.node.has_machine:
        return most_of_any  # QEMU's, which is not the process itself.
    return process.resident_bytes_max or most_of_any
