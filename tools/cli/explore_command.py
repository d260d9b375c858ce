"""`./ebbrt explore`: many simulated histories of an experiment, in search of
one that fails; and such a one again, by its seed.
"""

import argparse
import re
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from tools import paths
from tools.experiment import (document, exploration, plan, platforms, programs,
                              semantics)
from tools.experiment.problems import DocumentError, Problem, quote
from tools.experiment.progress import duration_text
from tools.experiment.sweep import Point

SUMMARY = "search an experiment's simulated histories for one that fails"
DESCRIPTION = """\
Simulates each point of an experiment under each of the seeds, on all of the
machine's processors, and stops at the first history that fails: an application
that checks something says that it does not hold, a node crashes other than by
plan, or something never ends. Faults are part of the experiment
(simulation.faults), and may be drawn from the seed.

  ./ebbrt explore experiments/faults/memcached.json --seeds 1..200

What is found is printed with its seed, and with the command that runs it again.
With the same commit it goes the same way to the last byte, and leaves a time
line to be opened in ui.perfetto.dev. Exits with 1 if something was found.
"""

_SEED_MAX = 2**53 - 1
_SEEDS_MAX = 10_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path,
                        help="the experiment")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seeds", metavar="A..B",
                      help="the seeds to try, both included")
    what.add_argument("--replay", metavar="SEED",
                      help="run this seed again, show what it writes, and "
                      "leave its time line")
    parser.add_argument("--point", metavar="LABEL",
                        help="only this point of the sweep, such as "
                        '"clients=4"')
    parser.add_argument("--jobs", metavar="N", type=int,
                        default=exploration.default_jobs(),
                        help="how many histories at a time (as many as there "
                        "are processors)")
    parser.add_argument("--set", metavar="PATH=VALUE", action="append",
                        default=[], dest="settings",
                        help="change the experiment, as `run` does")
    parser.add_argument("--output", metavar="DIR", type=Path,
                        help="where what is found is kept, instead of "
                        "results/local/explore/NAME")


def run(options: argparse.Namespace) -> int:
    seeds = _seeds(options)
    if options.jobs < 1:
        raise DocumentError([Problem("--jobs", str(options.jobs),
                                     "1 or more")])
    config = document.load(options.file)
    for setting in options.settings:
        path, value = document.parse_setting(setting)
        document.set_path(config, path, value, "--set")
    platforms.settle(config, ["sim"])
    points = _points(options, semantics.check(config))
    prepared = programs.prepare(points)
    program = prepared.paths["sim", programs.SIMULATION_HOST]
    directory = (options.output or
                 paths.LOCAL_RESULTS / "explore" / config["name"])
    if options.replay is not None:
        return _replay(options, exploration.History(points[0], seeds[0]),
                       program, directory, config)
    return _explore(options, exploration.histories(points, seeds), program,
                    directory, config)


def _seeds(options: argparse.Namespace) -> range:
    if options.replay is not None:
        if not re.fullmatch(r"\d{1,16}", options.replay) or int(
                options.replay) > _SEED_MAX:
            raise DocumentError([Problem("--replay", quote(options.replay),
                                         "a seed: a whole number")])
        return range(int(options.replay), int(options.replay) + 1)
    found = re.fullmatch(r"(\d{1,16})\.\.(\d{1,16})", options.seeds)
    seeds = range(int(found[1]), int(found[2]) + 1) if found else range(0)
    if not seeds or seeds[-1] > _SEED_MAX or len(seeds) > _SEEDS_MAX:
        raise DocumentError([Problem(
            "--seeds", quote(options.seeds),
            f"A..B, the first seed and the last, at most {_SEEDS_MAX} of "
            "them, as in 1..200")])
    return seeds


def _points(options: argparse.Namespace, points: list[Point]) -> list[Point]:
    labels = [point.label for point in points]
    if options.point is None:
        if options.replay is not None and len(points) > 1:
            raise DocumentError([Problem(
                "--point", "nothing", "the point to run again, one of " +
                ", ".join(quote(label) for label in labels))])
        return points
    chosen = [point for point in points if point.label == options.point]
    if not chosen:
        raise DocumentError([Problem(
            "--point", quote(options.point), "one of " +
            ", ".join(quote(label) for label in labels))])
    return chosen


def _explore(options: argparse.Namespace,
             planned: list[exploration.History], program: Path,
             directory: Path, config: dict[str, Any]) -> int:
    progress = _Progress(len(planned))
    search = exploration.Exploration(
        planned, program, directory, jobs=options.jobs,
        timeout_s=config.get("timeout_s", plan.DEFAULT_TIMEOUT_S),
        on_progress=progress.show)
    try:
        finding = search.run()
    finally:
        progress.close()
    totals = search.totals
    print(f"{config['name']}: {totals.histories} of {len(planned)} histories, "
          f"{totals.virtual_ns / 1e9:.1f} s of virtual time, "
          f"{totals.events} events, in {duration_text(progress.passed_s())}")
    if finding is None:
        print("none failed")
        return 0
    print(f"{finding.history.label} failed: {finding.why}")
    for line in finding.last_lines:
        print(f"    {line}")
    print(f"log: {finding.directory / exploration.LOG}\n"
          f"to run it again: {_replay_command(options, finding.history)}")
    return 1


def _replay_command(options: argparse.Namespace,
                    history: exploration.History) -> str:
    words = ["./ebbrt", "explore", str(options.file), "--replay",
             str(history.seed)]
    if history.point.coordinates:
        words += ["--point", history.point.label]
    for setting in options.settings:
        words += ["--set", setting]
    if options.output is not None:
        words += ["--output", str(options.output)]
    return shlex.join(words)


def _replay(options: argparse.Namespace, history: exploration.History,
            program: Path, directory: Path, config: dict[str, Any]) -> int:
    kept = exploration.history_directory(directory, history)
    before = kept / exploration.LOG
    seen = before.read_bytes() if before.is_file() else None
    why, written = exploration.replay(
        history, program, kept,
        config.get("timeout_s", plan.DEFAULT_TIMEOUT_S))
    sys.stdout.flush()
    sys.stdout.buffer.write(written)
    sys.stdout.flush()
    say = [f"{history.label} " + (f"failed: {why}" if why else
                                  "did not fail")]
    if seen is not None:
        say.append("what it wrote is " +
                   ("the same as before, to the last byte" if seen == written
                    else "not the same as before: the experiment or the "
                    "program is another one"))
    say.append(f"time line, for ui.perfetto.dev: "
               f"{kept / exploration.TIME_LINE}")
    print("\n".join(say), file=sys.stderr)
    return 1 if why else 0


class _Progress:
    """A line on a terminal; elsewhere nothing until the end."""

    def __init__(self, total: int):
        self._total = total
        self._begin_s = time.monotonic()
        self._is_live = sys.stderr.isatty()

    def passed_s(self) -> float:
        return time.monotonic() - self._begin_s

    def show(self, totals: exploration.Totals) -> None:
        if self._is_live:
            sys.stderr.write(f"\r\x1b[2K[{totals.histories}/{self._total}] "
                             "histories")
            sys.stderr.flush()

    def close(self) -> None:
        if self._is_live:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
