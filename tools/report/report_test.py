"""The report, opened in a browser: what a reader sees."""

import copy
import json
import os
import re
import shutil
import subprocess
import unittest
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.experiment import claims
from tools.report import report
from tools.testing.main import main

# The time that the page gets, virtual and so quickly over.
_BUDGET_MS = 10_000


def _run(server, load, repetition, value):
    return {
        "platform": "linux", "point": {"server": server, "load": load},
        "repetition": repetition, "seed": 1, "status": "ok",
        "started": "2026-01-02T03:04:05+00:00",
        "metrics": {"throughput_rps": value * 1000.0, "errors": 0,
                    "latency_ns": {"p99": value * 1e4},
                    "histogram": [[value * 5_000, 9], [value * 10_000, 1]]},
    }


def _result():
    config = {
        "schema": 1, "name": "shown", "description": "What </script> & why",
        "figures": [
            {"title": "Lines", "type": "line", "x": "throughput_rps",
             "y": "latency_ns.p99", "series": ["server"]},
            {"title": "Bars", "type": "bar", "x": "load",
             "y": "throughput_rps", "series": ["server"], "log": ["y"]},
            {"title": "Distribution", "type": "cdf", "x": "histogram",
             "series": ["server"], "where": {"load": "low"}},
        ],
        "claims": [
            {"name": "holding <b>", "goal": ">= 1.5", "expression":
             'median(throughput_rps, server="a", load="low") / '
             'median(throughput_rps, server="b", load="low")'},
            {"name": "missing", "goal": "<= 1", "expression":
             'median(throughput_rps, server="a", load="low")'},
            {"name": "absent", "goal": "<= 1", "expression":
             'median(absent, server="a", load="low")'},
        ],
    }
    runs = [_run(server, load, repetition, factor * (10 + repetition))
            for repetition in (1, 2, 3)
            for load, scale in (("low", 1), ("middle", 2), ("high", 3))
            for server, factor in (("a", 2 * scale), ("b", scale))]
    failed = {**copy.deepcopy(runs[0]), "status": "failed", "metrics": {},
              "repetition": 4, "error": "server died <at once>"}
    return {
        "schema": 1, "experiment": "shown",
        "commit": {"id": "0123456789abcdef", "dirty": True},
        "machine": {"processor": "A Processor", "cores": 2,
                    "memory_bytes": 8 * 2**30, "kernel": "Linux 6"},
        "config": config, "programs": {}, "runs": [*runs, failed],
        "claims": [outcome.as_json() for outcome in claims.evaluate(
            config["claims"], runs, seed=1)],
    }


class _Page(HTMLParser):
    """What tests ask of a page after its scripts have run."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.body = {}
        self._open = []
        self.rows = {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.elements.append((tag, found))
        if tag == "body":
            self.body = found
        if tag == "table":
            self._open = self.rows.setdefault(found.get("id"), [])
        elif tag == "tr":
            self._open.append([])
        elif tag in ("td", "th") and self._open:
            self._open[-1].append("")

    def handle_endtag(self, tag):
        if tag == "table":
            self._open = []

    def handle_data(self, data):
        if self._open and self._open[-1]:
            self._open[-1][-1] += data

    def with_class(self, name):
        return [found for _, found in self.elements
                if name in (found.get("class") or "").split()]


def _open(page, profile, *flags):
    """The page once its scripts have run, and what it complained of."""
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
         "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--window-size=1400,2000",
         f"--user-data-dir={profile}", "--enable-logging=stderr", "--v=0",
         f"--virtual-time-budget={_BUDGET_MS}", *flags, "--dump-dom",
         page.absolute().as_uri()],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "HOME": str(profile)})
    console = re.findall(r".*CONSOLE.*", done.stderr)
    return _Page(done.stdout), console


@unittest.skipIf(shutil.which("chromium") is None, "there is no chromium")
class ReportInBrowserTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls._directory = TemporaryDirectory()
        cls.addClassCleanup(cls._directory.cleanup)
        directory = Path(cls._directory.name)
        os.environ["MPLCONFIGDIR"] = str(directory / "matplotlib")
        cls.file = report.write(directory, _result())
        cls.page, cls.console = _open(cls.file, directory / "profile")

    def test_runs_without_an_error(self):
        self.assertNotIn("data-error", self.page.body)
        self.assertEqual(self.console, [])
        self.assertEqual(self.page.body.get("data-drawn"), "3")

    def test_shows_the_claims(self):
        rows = self.page.rows["claims-table"]
        self.assertEqual([row[4] for row in rows],
                         ["verdict", "holds", "missed", "not measured"])
        self.assertTrue(rows[1][0].startswith("holding <b>"))
        self.assertEqual(rows[1][1:4], ["2", "2 to 2", ">= 1.5"])
        self.assertEqual(rows[2][1], "24,000")

    def test_draws_every_series_and_point(self):
        # Two lines of medians and two of repetitions; two distributions.
        self.assertEqual(len(self.page.with_class("scatter")), 6)
        self.assertEqual(len(self.page.with_class("bars")), 2)
        markers = [found for found in self.page.with_class("point")]
        # 2 servers x 3 loads as medians, 3 repetitions of each, and 6 bars.
        self.assertEqual(len(markers), 6 + 18 + 6)
        # A whisker at each median and at each bar.
        self.assertEqual(len(self.page.with_class("yerror")), 12)
        # The names of two servers in each of three legends.
        self.assertEqual(len(self.page.with_class("legendtext")), 6)

    def test_shows_all_numbers(self):
        # A head and six points; a head and nineteen runs.
        self.assertEqual(len(self.page.rows["figure-0-table"]), 7)
        self.assertEqual(len(self.page.rows["summary-table"]), 7)
        runs = self.page.rows["runs-table"]
        self.assertEqual(len(runs), 20)
        self.assertEqual(runs[-1][4], "server died <at once>")

    def test_needs_nothing_from_elsewhere(self):
        for tag, found in self.page.elements:
            for key in ("src", "href"):
                link = found.get(key) or ""
                if tag == "a" and found.get("rel") is None and \
                        link.startswith("figures/"):
                    continue  # The same figure as a file, beside the page.
                self.assertNotRegex(link, r"^(https?:)?//\S+\.(js|css)",
                                    f"{tag} {found}")
                if tag in ("script", "link", "img", "iframe"):
                    self.assertRegex(link, r"^(data:|$)", f"{tag} {found}")

    def test_says_what_its_charts_are(self):
        charts = self.page.with_class("chart")
        self.assertEqual(len(charts), 3)
        for chart in charts:
            self.assertEqual(chart["role"], "img")
            self.assertIn(" over ", chart["aria-label"])

    def test_tells_of_an_error(self):
        # The test above is worth something: an error does show.
        broken = self.file.with_name("broken.html")
        broken.write_text(self.file.read_text().replace(
            "function draw()", "function drawn()"))
        page, _ = _open(broken, self.file.parent / "profile")
        self.assertIn("draw is not defined", page.body.get("data-error", ""))


class RenderTest(unittest.TestCase):

    def test_reports_a_result_without_runs(self):
        result = {**_result(), "runs": [], "claims": []}
        with TemporaryDirectory() as directory:
            page = report.write(Path(directory), result).read_text()
        self.assertIn("No run has finished.", page)
        self.assertIn("The experiment claims nothing.", page)

    def test_says_that_bare_metal_was_emulated(self):
        for chosen, said in [("tcg", "its times are not those of hardware"),
                             ("kvm", "bare metal in QEMU, KVM, processor X")]:
            result = _result()
            result["machine"].update(accelerator=chosen, guest_processor="X")
            with TemporaryDirectory() as directory:
                page = report.write(Path(directory), result).read_text()
            self.assertIn(said, page)

    def test_keeps_text_from_becoming_markup(self):
        result = _result()
        result["config"]["figures"][0]["title"] = "</script><script>bad()"
        with TemporaryDirectory() as directory:
            page = report.write(Path(directory), result).read_text()
        self.assertNotIn("<script>bad()", page)
        data = re.search(r'id="data">(.*?)</script>', page, re.S)[1]
        self.assertEqual(json.loads(data)["figures"][0]["title"],
                         "</script><script>bad()")


if __name__ == "__main__":
    main()
