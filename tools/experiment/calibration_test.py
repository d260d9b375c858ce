"""Calibrations, of reports that are made up."""

import unittest

from tools.experiment import calibration
from tools.experiment.execution import RunFailed
from tools.testing.main import main


def _entry(tag, count, mean_ns, **more):
    return {"tag": tag, "count": count, "mean_ns": mean_ns,
            "total_ns": count * mean_ns, **more}


class CalibrationTest(unittest.TestCase):

    def test_messages_bear_what_is_done_beside_events(self):
        trace = {"tags": [
            _entry("core.wait", 10, 1e9),
            _entry("0x00000000", 50, 200),
            _entry("app.work", 100, 300),
            _entry("app.report", 1, 50_000),
            # Half of them say what they have received.
            _entry("core.interrupt", 2000, 500, sized_count=1000, bytes=200_000,
                   fixed_ns=100, per_byte_ns=2.0)]}
        costs = calibration.costs_of(trace, processor_s=0.00309)
        self.assertEqual(costs["app.work"], {"fixed_ns": 300})
        self.assertEqual(costs["untagged"], {"fixed_ns": 200})
        self.assertNotIn("core.wait", costs)
        self.assertNotIn("app.report", costs)
        # 1 ms of interrupts and 2 ms beside all events (90 us), by 1,000.
        self.assertEqual(costs["core.interrupt"],
                         {"fixed_ns": 2600, "per_byte_ns": 2})
        # Half of the time the processor was another process's.
        shared = calibration.costs_of(trace, processor_s=0.000545)
        self.assertEqual(shared["app.work"], {"fixed_ns": 150})
        self.assertEqual(shared["core.interrupt"],
                         {"fixed_ns": 300, "per_byte_ns": 1})
        # Nothing of it is less than nothing.
        trace["tags"][-1]["per_byte_ns"] = 50.0
        steep = calibration.costs_of(trace, processor_s=0.000545)
        self.assertEqual(steep["core.interrupt"],
                         {"fixed_ns": 0, "per_byte_ns": 2.5})

    def test_over_a_card_a_message_is_a_frame(self):
        trace = {"counters": {"nic.received_frames": 4000}, "tags": [
            _entry("app.work", 100, 300),
            _entry("core.interrupt", 1000, 2000, sized_count=0, bytes=0)]}
        # 2 ms of interrupts and 2 ms beside all events (2.03 ms), by 4,000.
        self.assertEqual(
            calibration.costs_of(trace, processor_s=0.00403),
            {"app.work": {"fixed_ns": 300},
             "core.interrupt": {"fixed_ns": 1000}})

    def test_says_that_there_is_nothing_to_measure_by(self):
        with self.assertRaisesRegex(RunFailed, "no message"):
            calibration.costs_of({"tags": [_entry("app.work", 1, 1)]}, 1)

    def test_knows_the_least_cost(self):
        self.assertEqual(calibration.least_cost({
            "x": {"core.interrupt": {"fixed_ns": 1}, "a": {"fixed_ns": 5}},
            "y": {"b": {"fixed_ns": 3}}}), {"fixed_ns": 3})
        self.assertEqual(calibration.least_cost({}), {"fixed_ns": 0})

    def test_takes_the_mean_of_several(self):
        self.assertEqual(
            calibration.mean_costs([
                {"a": {"fixed_ns": 10, "per_byte_ns": 1}},
                {"a": {"fixed_ns": 20, "per_byte_ns": 2},
                 "b": {"fixed_ns": 5}}]),
            {"a": {"fixed_ns": 15, "per_byte_ns": 1.5}, "b": {"fixed_ns": 5}})


if __name__ == "__main__":
    main()
