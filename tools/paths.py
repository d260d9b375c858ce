"""Where things are in the source tree."""

from pathlib import Path

# The top of the project. Not resolved: under Bazel it is the runfiles tree.
ROOT = Path(__file__).absolute().parent.parent
APPS = ROOT / "apps"
EXPERIMENTS = ROOT / "experiments"
SCHEMAS = EXPERIMENTS / "schema"
LOCAL_RESULTS = ROOT / "results" / "local"
# The charting library; in the runfiles tree it is an external repository's.
CHART_SCRIPT = next(
    (file for file in [ROOT / "external" / "charts" / "plotly-basic.min.js"]
     if file.exists()),
    ROOT / "third_party" / "src" / "charts" / "node_modules" /
    "plotly.js-basic-dist-min" / "plotly-basic.min.js")


# Folders of experiments/ that have other things.
_NO_EXPERIMENTS = ("calibration", "schema")


def shipped_experiments() -> list[Path]:
    """The files of all experiments that ship."""
    return sorted(file for file in EXPERIMENTS.rglob("*.json")
                  if file.parent.name not in _NO_EXPERIMENTS)
