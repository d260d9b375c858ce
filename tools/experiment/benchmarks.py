"""Reads the JSON that a Google Benchmark program writes.

Source: google/benchmark, docs/user_guide.md, "Output Formats".
"""

import json
from pathlib import Path
from typing import Any

_UNIT_NS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
# Keys of a benchmark that are no counters of its own.
_NO_COUNTERS = {
    "name", "run_name", "run_type", "family_index", "per_family_instance_index",
    "repetitions", "repetition_index", "threads", "iterations", "real_time",
    "cpu_time", "time_unit", "aggregate_name", "aggregate_unit",
}


def read_benchmarks(file: Path) -> dict[str, Any]:
    """The times and counters of each benchmark by its name; {} without any."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return {}
    return {
        benchmark["name"]: _figures(benchmark)
        for benchmark in document.get("benchmarks", [])
        if benchmark.get("run_type", "iteration") == "iteration" and
        not benchmark.get("error_occurred")
    }


def _figures(benchmark: dict[str, Any]) -> dict[str, float]:
    scale = _UNIT_NS[benchmark["time_unit"]]
    counters = {key: value for key, value in benchmark.items()
                if key not in _NO_COUNTERS and isinstance(value, (int, float))}
    return {
        "real_time_ns": benchmark["real_time"] * scale,
        "cpu_time_ns": benchmark["cpu_time"] * scale,
        "iterations": benchmark["iterations"],
        **counters,
    }
