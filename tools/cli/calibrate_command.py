"""`./ebbrt calibrate`: measures what events cost here, for simulations."""

import argparse
import dataclasses
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tools import paths
from tools.experiment import (calibration, document, machine, plan, platforms,
                              programs, results, semantics, targets)
from tools.experiment.execution import Outcome, Run, RunFailed
from tools.experiment.nodes import Node, nodes_of, simulation_of, split
from tools.experiment.problems import DocumentError, Problem, one_of, quote
from tools.experiment.simulated_run import SimulatedRun
from tools.experiment.sweep import Point

SUMMARY = "measure what events cost here, for simulations"
DESCRIPTION = """\
Runs one point of an experiment, with its nodes tracing what their events cost,
and writes the table that simulations are calibrated by. It should be a point
that keeps the nodes busy:

  ./ebbrt calibrate experiments/validate/memcached.json --point load=saturation

With --light, what it takes to wake a core is found as well: so much that a
simulation of that point, one of little load, has the median latency that is
measured there. How long a core has slept changes what waking it takes, so that
it should be a point amid those that are to be predicted. Runs of some seconds
say more than short ones: --set nodes.client.parameters.duration_s=5.
"""

_REPETITIONS = 3
# The search for what it takes to wake a core: where it starts, and its steps.
_FIRST_WAKE_NS = 20_000
_WAKE_STEPS = 3
# What is measured there is simulated as flows.
_SOCKETS = ("linux", "linux:sockets")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path,
                        help="the experiment")
    parser.add_argument("--platform", metavar="P", default="linux",
                        help="where to measure: linux, or baremetal, or over "
                        "a card, as linux:tap, for simulations as packets "
                        "(linux)")
    parser.add_argument("--point", metavar="LABEL",
                        help="which point of the sweep keeps its nodes busy")
    parser.add_argument("--light", metavar="LABEL",
                        help="which point has little load, to measure what it "
                        "takes to wake a core")
    parser.add_argument("--repetitions", metavar="N", type=int,
                        default=_REPETITIONS, help="measure so often "
                        f"({_REPETITIONS})")
    parser.add_argument("--set", metavar="PATH=VALUE", action="append",
                        default=[], dest="settings",
                        help="change the experiment, as `run` does")
    parser.add_argument("--output", metavar="FILE", type=Path,
                        help="where the table goes, instead of "
                        "experiments/calibration/PLATFORM-NAME.json")


def run(options: argparse.Namespace) -> int:
    measurable = [name for name in targets.PLATFORMS
                  if split(name)[0] != "sim"]
    if options.platform not in measurable:
        raise DocumentError([Problem("--platform", quote(options.platform),
                                     one_of(measurable))])
    if options.repetitions < 1:
        raise DocumentError([Problem("--repetitions",
                                     str(options.repetitions), "1 or more")])
    config = document.load(options.file)
    for setting in options.settings:
        path, value = document.parse_setting(setting)
        document.set_path(config, path, value, "--set")
    measured = json.loads(json.dumps(config))
    platforms.settle(measured, [options.platform])
    busy = _point(measured, "--point", options.point)
    light = (_point(measured, "--light", options.light)
             if options.light else None)
    table = _measure(options, measured, busy)
    if light is not None:
        platforms.settle(config, [
            "sim" if options.platform in _SOCKETS else "sim:packet"])
        table["description"] += f" wake_ns: {light.label}."
        table["wake_ns"] = _wake_ns(
            options, measured, light, _point(config, "--light", options.light),
            table)
    file = options.output or (paths.EXPERIMENTS / "calibration" /
                              f"{options.platform.replace(':', '-')}-"
                              f"{config['name']}.json")
    results.write_atomically(file, json.dumps(table, indent=2) + "\n")
    print(f"calibration: {file}")
    return 0


def _point(config: dict[str, Any], option: str, label: str | None) -> Point:
    points = semantics.check(config)
    chosen = [point for point in points if label in (None, point.label)]
    if len(chosen) != 1:
        raise DocumentError([Problem(
            option, "nothing" if label is None else quote(label),
            "one of " + ", ".join(quote(point.label) for point in points))])
    return chosen[0]


def _runs(options: argparse.Namespace, config: dict[str, Any], point: Point,
          is_traced: bool) -> list[Outcome]:
    prepared = programs.prepare([point])
    nodes = [dataclasses.replace(node, is_traced=is_traced and bool(node.app))
             for node in nodes_of(point.document)]
    outcomes = []
    for repetition in range(options.repetitions):
        with tempfile.TemporaryDirectory() as logs:
            outcome = Run(
                nodes, prepared, logs=Path(logs),
                seed=config.get("seed", plan.DEFAULT_SEED) + repetition,
                timeout_s=config.get("timeout_s", plan.DEFAULT_TIMEOUT_S),
                processors=sorted(os.sched_getaffinity(0))).execute()
        if outcome.status != "ok":
            raise RunFailed(outcome.error)
        outcomes.append(outcome)
    return outcomes


def _measure(options: argparse.Namespace, config: dict[str, Any],
             point: Point) -> dict[str, Any]:
    nodes: list[Node] = [node for node in nodes_of(point.document) if node.app]
    outcomes = _runs(options, config, point, is_traced=True)
    by_app: dict[str, list[dict[str, Any]]] = {}
    for outcome in outcomes:
        for node in nodes:
            by_app.setdefault(node.app, []).append(calibration.costs_of(
                outcome.traces[node.role], outcome.nodes[node.role]["cpu_s"]))
    apps = {app: calibration.mean_costs(costs)
            for app, costs in by_app.items()}
    described = machine.describe()
    return {
        "schema": 1,
        "platform": options.platform,
        "machine": f"{described['processor']}, {described['cores']} "
                   f"processors, {described['kernel']}",
        "commit": machine.commit()["id"] or "",
        "description": f"Measured by {options.file.name}, {point.label}, "
                       f"{options.repetitions} times.",
        # Too rare here to be measured, but other points may have more of it.
        "tags": {tag: calibration.least_cost(apps)
                 for tag in ("untagged", "core.timer", "core.rcu",
                             "core.empty_poll")},
        "apps": apps,
    }


def _wake_ns(options: argparse.Namespace, config: dict[str, Any],
             point: Point, simulated: Point, table: dict[str, Any]) -> int:
    """So much that the simulated median is the one that is measured. How many
    cores a request wakes, one after the other, the simulation tells."""
    measured_ns = statistics.median(
        outcome.metrics["latency_ns"]["p50"]
        for outcome in _runs(options, config, point, is_traced=False))
    prepared = programs.prepare([simulated])

    def median_ns(wake_ns: int) -> float:
        return _simulated_median_ns(config, simulated, prepared,
                                    {**table, "wake_ns": wake_ns})

    lacking_ns = measured_ns - median_ns(0)
    wake_ns = _FIRST_WAKE_NS
    for _ in range(_WAKE_STEPS):
        gained_ns = median_ns(wake_ns) - (measured_ns - lacking_ns)
        if lacking_ns <= 0 or gained_ns <= 0:
            return 0
        wake_ns = max(round(wake_ns * lacking_ns / gained_ns), 1)
    return wake_ns


def _simulated_median_ns(config: dict[str, Any], point: Point,
                         prepared: programs.Programs,
                         table: dict[str, Any]) -> float:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        file = directory / "calibration.json"
        file.write_text(json.dumps(table))
        outcome = SimulatedRun(
            nodes_of(point.document), prepared, logs=directory / "logs",
            simulation={**simulation_of(point.document),
                        "calibration": str(file)},
            seed=config.get("seed", plan.DEFAULT_SEED),
            timeout_s=config.get("timeout_s",
                                 plan.DEFAULT_TIMEOUT_S)).execute()
    if outcome.status != "ok":
        raise RunFailed(outcome.error)
    return outcome.metrics["latency_ns"]["p50"]
