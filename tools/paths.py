"""Where things are in the source tree."""

from pathlib import Path

# The top of the project. Not resolved: under Bazel it is the runfiles tree.
ROOT = Path(__file__).absolute().parent.parent
APPS = ROOT / "apps"
EXPERIMENTS = ROOT / "experiments"
SCHEMAS = EXPERIMENTS / "schema"
LOCAL_RESULTS = ROOT / "results" / "local"
CHART_SCRIPT = (ROOT / "third_party" / "src" / "charts" / "node_modules" /
                "plotly.js-basic-dist-min" / "plotly-basic.min.js")
