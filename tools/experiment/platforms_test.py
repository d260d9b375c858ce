import copy
import json
import unittest

from tools import paths
from tools.experiment import platforms, programs, semantics, targets
from tools.experiment.nodes import (check_networks, nodes_of,
                                    simulation_of)
from tools.experiment.problems import DocumentError
from tools.testing.main import main

_DOCUMENT = {
    "schema": 1, "name": "two",
    "nodes": [{"role": "task", "app": "hello", "platform": "sim"}],
    "sweep": [{"name": "kind", "cases": [
        {"label": "ours", "set": {"nodes.task.cores": 2}},
        {"label": "other", "set": {"nodes.task": {
            "app": "threadtest_glibc", "platform": "linux"}}},
        {"label": "theirs", "set": {"nodes.task": {"program": "/bin/true"}}},
    ]}],
    "figures": [{"title": "t", "type": "bar", "x": "kind", "y": "a"}],
    "claims": [
        {"name": "both", "goal": ">= 1", "expression":
         'paired(median(a, kind="ours") / median(a, kind="other"))'},
        {"name": "one", "goal": ">= 1", "expression":
         'median(a, kind="ours")'}],
}


class PlatformsTest(unittest.TestCase):

    def _chosen(self, *names):
        config = copy.deepcopy(_DOCUMENT)
        platforms.choose(config, names)
        return config, semantics.check(config)

    def test_puts_all_nodes_of_ours_on_one(self):
        config, points = self._chosen("baremetal")
        self.assertEqual(
            [[node.platform for node in nodes_of(point.document)]
             for point in points], [["baremetal"], ["baremetal"], ["linux"]])
        self.assertEqual(config["claims"], _DOCUMENT["claims"])

    def test_puts_them_on_several_side_by_side(self):
        config, points = self._chosen("linux", "baremetal")
        self.assertEqual(
            [point.coordinates for point in points],
            [{"platform": platform, "kind": kind}
             for platform in ("linux", "baremetal")
             for kind in ("ours", "other", "theirs")])
        self.assertEqual(nodes_of(points[4].document)[0].platform, "baremetal")
        self.assertEqual(config["figures"][0]["series"], ["platform"])
        self.assertEqual(config["claims"][1], {
            "name": "both (baremetal)", "goal": ">= 1", "expression":
            "paired(median(a, kind='ours', platform='baremetal') / "
            "median(a, kind='other', platform='baremetal'))"})

    def test_replaces_an_axis_of_platforms(self):
        config, _ = self._chosen("linux", "baremetal")
        platforms.choose(config, ["sim"])
        self.assertEqual(config["sweep"], self._chosen("sim")[0]["sweep"])

    def test_a_claim_that_compares_platforms_is_one(self):
        config = copy.deepcopy(_DOCUMENT)
        config["claims"] = [{"name": "alike", "goal": "<= 1", "expression":
                             'median(a, kind="ours", platform="sim") / '
                             'median(a, kind="ours", platform="linux")'}]
        claims = copy.deepcopy(config["claims"])
        platforms.choose(config, ["linux", "sim"])
        self.assertEqual(config["claims"], claims)
        semantics.check(config)
        # Where there is only one, there is nothing to compare.
        platforms.choose(config, ["sim"])
        self.assertEqual(config["claims"], [])
        self.assertEqual(config["figures"][0]["series"], [])
        semantics.check(config)

    def test_an_experiment_may_name_its_own(self):
        config = {**copy.deepcopy(_DOCUMENT), "platforms": ["linux", "sim"]}
        same = self._chosen("linux", "sim")[0]
        self.assertEqual(platforms.settle(config), ["linux", "sim"])
        self.assertEqual(config, same)
        # What is asked for comes first.
        config = {**copy.deepcopy(_DOCUMENT), "platforms": ["linux", "sim"]}
        self.assertEqual(platforms.settle(config, ["baremetal"]),
                         ["baremetal"])
        self.assertEqual(config, self._chosen("baremetal")[0])
        config = copy.deepcopy(_DOCUMENT)
        self.assertEqual(platforms.settle(config), [])
        self.assertEqual(config, _DOCUMENT)
        for wrong in ([], ["linux", "linux"], ["linus"]):
            with self.assertRaises(DocumentError):
                platforms.settle({**copy.deepcopy(_DOCUMENT),
                                  "platforms": wrong})

    def test_leaves_out_what_a_platform_does_not_have(self):
        config, points = self._chosen("linux", "baremetal")
        absent = {("baremetal", "//apps/threadtest:threadtest_glibc")}
        left_out = platforms.leave_out(
            config, points,
            lambda point: not programs.needs_any(point, absent))
        self.assertEqual(left_out, [{"platform": "baremetal", "kind": "other"}])
        self.assertEqual(len(semantics.check(config)), 5)
        self.assertEqual([claim["name"] for claim in config["claims"]],
                         ["both (linux)", "one (linux)", "one (baremetal)"])

    def test_excludes_points_but_not_all(self):
        document = {**copy.deepcopy(_DOCUMENT), "claims": [],
                    "exclude": [{"kind": "ours"}, {"kind": "theirs"}]}
        self.assertEqual([point.coordinates
                          for point in semantics.check(document)],
                         [{"kind": "other"}])
        document["exclude"].append({"kind": "other"})
        with self.assertRaises(DocumentError) as raised:
            semantics.check(document)
        self.assertIn("nothing is left", str(raised.exception))

    def test_a_name_may_say_over_which_network(self):
        names = ["linux", "linux:tap", "baremetal:e1000", "sim:packet"]
        config, points = self._chosen(*names)
        nodes = [nodes_of(point.document)[0] for point in points
                 if point.coordinates["kind"] == "ours"]
        self.assertEqual([(node.platform, node.network, node.nic)
                          for node in nodes],
                         [("linux", "", "virtio-net"),
                          ("linux", "tap", "virtio-net"),
                          ("baremetal", "", "e1000"),
                          ("sim", "", "virtio-net")])
        # Whose place a case takes has it too, but no program of the system.
        self.assertEqual([nodes_of(point.document)[0].network
                          for point in points[3:6]], ["tap", "tap", ""])
        self.assertEqual([simulation_of(point.document)
                          for point in (points[0], points[-3])],
                         [{}, {"network": {"fidelity": "packet"}}])
        self.assertEqual(self._chosen("baremetal:e1000e")[1][0].document[
            "platform"], "baremetal:e1000e")

    def test_a_network_of_its_own_may_not_be_another(self):
        def problems(platform, node, fidelity=None):
            network = {"fidelity": fidelity} if fidelity else {}
            return [str(problem) for problem in check_networks({
                "platform": platform, "simulation": {"network": network},
                "nodes": [{"role": "a", "app": "hello", **node}]})]

        self.assertEqual(problems("linux:tap", {"network": "tap"}), [])
        self.assertEqual(problems("linux", {"network": "tap"}), [])
        self.assertEqual(problems("linux:tap", {}, "flow"), [])
        self.assertEqual(problems("baremetal:virtio-net",
                                  {"nic": "virtio-net,mq=on"}), [])
        self.assertEqual(
            problems("baremetal:e1000", {"nic": "e1000e"}),
            ['nodes[0].nic: found "e1000e", expected "e1000", as its platform '
             'is "baremetal:e1000", or no such key'])
        self.assertEqual(
            problems("sim:packet", {}, "flow"),
            ['simulation.network.fidelity: found "flow", expected "packet", '
             'as the platform is "sim:packet", or no such key'])
        self.assertEqual(
            [str(problem) for problem in check_networks({"nodes": [
                {"app": "hello", "platform": "sim:packet"},
                {"app": "hello", "platform": "sim:flow"}]})],
            ['nodes: found "sim:packet" beside "sim:flow", expected one of '
             "them: they share a network"])

    def test_the_schema_knows_all_names(self):
        text = (paths.SCHEMAS / "experiment.schema.json").read_text()
        self.assertEqual(json.loads(text)["$defs"]["platform"]["enum"],
                         list(targets.PLATFORMS))

    def test_parses_a_list(self):
        self.assertEqual(platforms.parse("linux,sim:packet"),
                         ["linux", "sim:packet"])
        for text, expected in [
                ("linux:tab", '(the nearest is "linux:tap")'),
                ("linux,baremetl", '(the nearest is "baremetal")'),
                ("sim,sim", 'found "sim" twice'), ("", 'unknown platform ""')]:
            with self.assertRaises(DocumentError) as raised:
                platforms.parse(text)
            self.assertIn(expected, str(raised.exception))


if __name__ == "__main__":
    main()
