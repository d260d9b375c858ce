"""`./ebbrt run`: measures what an experiment describes, and reports it."""

import argparse
import copy
import os
import sys
from pathlib import Path
from typing import Any

from tools import paths
from tools.experiment import (document, plan, platforms, programs, results,
                              runner, semantics, sweep, table, targets)
from tools.experiment.nodes import check_simulated, split
from tools.experiment.problems import DocumentError, Problem
from tools.qemu import accelerator

SUMMARY = "run an experiment, and report what it measured"
DESCRIPTION = """\
Runs an experiment: builds what it names, measures each point of its sweep as
often as it says, computes its claims, and writes a directory with result.json,
result.csv, figures and a report.html that needs nothing else.

Interrupting it keeps what has finished. Running it again goes on there, as long
as the experiment and the programs are the same; it measures anew otherwise.
"""

EXIT_CLAIM_DOES_NOT_HOLD = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path,
                        help="the experiment, such as "
                        "experiments/quickstart.json")
    parser.add_argument("--platform", metavar="P",
                        help="run our nodes on this platform: "
                        + ", ".join(targets.PLATFORM_FLAGS) +
                        "; over one of its networks: linux:tap, sim:packet, "
                        "baremetal:e1000, baremetal:e1000e; or on several, "
                        "side by side: linux,baremetal")
    parser.add_argument("--set", metavar="PATH=VALUE", action="append",
                        default=[], dest="settings",
                        help="change the experiment: "
                        "nodes.client.parameters.duration_s=5, or "
                        "sweep.rate_rps.values=[1000]; the value is JSON or "
                        "else plain text; may be given several times")
    parser.add_argument("--repetitions", metavar="N", type=int,
                        help="measure each point so often")
    parser.add_argument("--output", metavar="DIR", type=Path,
                        help="write the result there, instead of "
                        "results/local/NAME-HASH")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", default=True,
                       help="keep the finished runs of the same experiment "
                       "(the default)")
    again.add_argument("--fresh", action="store_true",
                       help="measure anew, in another directory")
    parser.add_argument("--require-claims", action="store_true",
                        help="exit with 3 unless all claims hold")


def run(options: argparse.Namespace) -> int:
    config = configure(options)
    points = semantics.check(config)
    if len(options.platforms) > 1 or any(
            split(platform)[0] == "sim" for platform in options.platforms):
        points = _without_what_is_not_there(config, points)
    problems = semantics.check_machine(points, os.sched_getaffinity(0))
    if problems:
        raise DocumentError(problems)
    prepared = programs.prepare(points)
    directory = _directory(options, config, prepared)
    experiment = runner.Experiment(config, plan.plan(config, points), prepared,
                                   directory)
    left = len(experiment.left)
    print(f"{config['name']}: {len(points)} points, {experiment.total} runs"
          + (f", of which {experiment.total - left} are there already"
             if left < experiment.total else ""))
    if prepared.accelerator == "tcg":
        print(accelerator.EMULATED)
    try:
        experiment.run()
    except runner.Interrupted:
        return _interrupted(experiment)
    except runner.GivenUp as error:
        print(f"ebbrt: {error}, so the others were not tried; logs of the "
              f"nodes: {_shown(experiment.directory / 'logs')}",
              file=sys.stderr)
        return 1
    return _conclude(options, experiment)


def configure(options: argparse.Namespace) -> dict[str, Any]:
    """The experiment of the file, changed as the options say."""
    config = document.load(options.file)
    for setting in options.settings:
        path, value = document.parse_setting(setting)
        document.set_path(config, path, value, "--set")
    if options.repetitions is not None:
        config["repetitions"] = options.repetitions
    chosen = ([] if options.platform is None
              else platforms.parse(options.platform))
    options.platforms = platforms.settle(config, chosen)
    return config


def _without_what_is_not_there(config: dict[str, Any],
                               points: list[sweep.Point]) -> list[sweep.Point]:
    """What one platform of several need not have, and none can simulate."""
    absent = programs.unavailable(points)
    left_out = platforms.leave_out(
        config, points, lambda point: not (
            programs.needs_any(point, absent) or
            check_simulated(point.document)))
    if not left_out or len(left_out) == len(points):
        return points
    print(f"left out, since not for that platform: {len(left_out)} points"
          + "".join(f", {label} ({platform})"
                    for platform, label in sorted(absent)))
    return semantics.check(config)


def _directory(options: argparse.Namespace, config: dict[str, Any],
               prepared: programs.Programs) -> Path:
    key = programs.configuration_hash(config, prepared.checksums)
    if options.output is None:
        return results.choose_directory(config["name"], key,
                                        is_fresh=options.fresh)
    directory = options.output
    if (directory / results.RESULT).is_file():
        there = results.read(directory)
        if options.fresh or key != programs.configuration_hash(
                there["config"], there["programs"]):
            raise DocumentError([Problem(
                "--output", f"another result in {directory}",
                "a directory without one")])
    return directory


def _interrupted(experiment: runner.Experiment) -> int:
    done = experiment.total - len(experiment.left)
    print(f"\ninterrupted: {done} of {experiment.total} runs have finished and "
          f"are kept in {_shown(experiment.directory)}\n"
          "to go on, give the same command again")
    return 130


def _conclude(options: argparse.Namespace,
              experiment: runner.Experiment) -> int:
    from tools.report import report  # Plotting takes its time to load.

    outcomes = experiment.conclude()
    result = copy.deepcopy(experiment.result)
    head, rows = table.summary(result)
    if rows:
        print("\n" + table.render(head, rows) + "\n")
    for outcome in outcomes:
        print(outcome)
    page = report.write(experiment.directory, result)
    print(f"result: {_shown(experiment.directory)}\n"
          f"report: {_shown(page)}")
    failed = list(results.failures(result))
    if failed:
        print(f"ebbrt: {len(failed)} of {experiment.total} runs failed; "
              "the same command tries them again", file=sys.stderr)
        return 1
    if options.require_claims and any(outcome.verdict != "holds"
                                      for outcome in outcomes):
        return EXIT_CLAIM_DOES_NOT_HOLD
    return 0


def _shown(path: Path) -> str:
    """A path as short as it is clear."""
    try:
        return str(path.relative_to(paths.ROOT)) if Path.cwd() == paths.ROOT \
            else str(path)
    except ValueError:
        return str(path)
