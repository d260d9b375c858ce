import unittest

from tools.experiment import sweep
from tools.experiment.problems import DocumentError
from tools.testing.main import main


def _expand(*axes):
    return sweep.expand({
        "name": "test",
        "nodes": [{"role": "a", "app": "x", "cores": 1}],
        "sweep": list(axes),
    })


class ExpandTest(unittest.TestCase):

    def test_has_one_point_without_axes(self):
        [point] = _expand()
        self.assertEqual(point.coordinates, {})
        self.assertNotIn("sweep", point.document)

    def test_combines_all_choices(self):
        points = _expand(
            {"path": "nodes.a.cores", "values": [1, 2]},
            {"name": "kind", "cases": [
                {"label": "x", "set": {"nodes.a.parameters.k": 1}},
                {"label": "y", "set": {"nodes.a": {"program": "p"}}},
            ]})
        self.assertEqual(
            [point.coordinates for point in points],
            [{"cores": 1, "kind": "x"}, {"cores": 1, "kind": "y"},
             {"cores": 2, "kind": "x"}, {"cores": 2, "kind": "y"}])
        self.assertEqual(points[2].document["nodes"],
                         [{"role": "a", "app": "x", "cores": 2,
                           "parameters": {"k": 1}}])
        self.assertEqual(points[3].document["nodes"],
                         [{"role": "a", "program": "p"}])

    def test_points_share_nothing(self):
        points = _expand({"path": "nodes.a.parameters.list",
                          "values": [[1], [2]]},
                         {"path": "nodes.a.cores", "values": [1, 2]})
        points[0].document["nodes"][0]["parameters"]["list"].append(9)
        self.assertEqual(points[1].document["nodes"][0]["parameters"],
                         {"list": [1]})

    def test_divides_ranges(self):
        linear = _expand({"path": "nodes.a.parameters.r",
                          "range": {"from": 0, "to": 100, "count": 5}})
        self.assertEqual([point.coordinates["r"] for point in linear],
                         [0, 25, 50, 75, 100])
        log = _expand({"path": "nodes.a.parameters.r",
                       "range": {"from": 1, "to": 1000, "count": 4,
                                 "scale": "log"}})
        self.assertEqual([point.coordinates["r"] for point in log],
                         [1, 10, 100, 1000])
        fractions = _expand({"path": "nodes.a.parameters.r",
                             "range": {"from": 0.0, "to": 1, "count": 3}})
        self.assertEqual([point.coordinates["r"] for point in fractions],
                         [0, 0.5, 1])


class WrongSweepTest(unittest.TestCase):

    def _error(self, *axes):
        with self.assertRaises(DocumentError) as raised:
            _expand(*axes)
        return str(raised.exception)

    def test_names_the_axis_of_a_wrong_path(self):
        self.assertEqual(
            self._error({"path": "nodes.b.cores", "values": [1]}),
            'sweep[0]: found the unknown path "nodes.b", expected one of "a"')

    def test_wants_choices(self):
        self.assertEqual(
            self._error({"path": "nodes.a.cores"}),
            "sweep[0]: found an axis without choices, expected one of "
            '"values", "range", "cases"')

    def test_wants_each_choice_and_each_axis_once(self):
        self.assertIn("found 1 twice", self._error(
            {"path": "nodes.a.cores", "values": [1, 1]}))
        self.assertIn('found a second axis "cores"', self._error(
            {"path": "nodes.a.cores", "values": [1]},
            {"path": "nodes.a.parameters.cores", "values": [1]}))

    def test_bounds_the_points(self):
        axes = [{"name": f"n{i}", "path": f"nodes.a.parameters.n{i}",
                 "values": list(range(100))} for i in range(3)]
        self.assertEqual(self._error(*axes),
                         "sweep: found 1000000 points, expected at most 10000")

    def test_has_no_logarithm_of_zero(self):
        self.assertIn("above 0", self._error(
            {"path": "nodes.a.cores",
             "range": {"from": 0, "to": 9, "count": 3, "scale": "log"}}))


if __name__ == "__main__":
    main()
