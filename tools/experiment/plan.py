"""Which runs an experiment takes, and in which order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.experiment.metrics import Run
from tools.experiment.sweep import Point

DEFAULT_SEED = 1
DEFAULT_REPETITIONS = 3
DEFAULT_TIMEOUT_S = 60
# Seeds are whole numbers that every reader of JSON keeps exact.
_SEED_LIMIT = 2**53


@dataclass(frozen=True)
class PlannedRun:
    """One repetition of one point."""

    index: int  # Of the point.
    point: Point
    repetition: int
    seed: int

    @property
    def name(self) -> str:
        """Names the directory of its logs."""
        return f"point-{self.index + 1}-repetition-{self.repetition}"


def plan(document: dict[str, Any],
         points: Sequence[Point]) -> list[PlannedRun]:
    """All runs. Repetitions are the outer loop, so that whatever changes in
    the meantime meets all points alike; within one the order is shuffled.
    All points of a repetition have the same seed: they are compared."""
    seed = document.get("seed", DEFAULT_SEED)
    runs = []
    for repetition in range(
            1, document.get("repetitions", DEFAULT_REPETITIONS) + 1):
        order = list(enumerate(points))
        random.Random(f"{seed}/{repetition}").shuffle(order)
        runs += [PlannedRun(index, point, repetition,
                            (seed + 1_000_003 * repetition) % _SEED_LIMIT)
                 for index, point in order]
    return runs


def remaining(runs: Sequence[PlannedRun],
              done: Sequence[Run]) -> list[PlannedRun]:
    """The planned runs that have not been finished."""
    finished = {_key(run["point"], run["repetition"])
                for run in done if run["status"] == "ok"}
    return [run for run in runs
            if _key(run.point.coordinates, run.repetition) not in finished]


def _key(coordinates: dict[str, Any], repetition: int) -> str:
    return repr((sorted(coordinates.items(), key=lambda item: item[0]),
                 repetition))
