"""What is said of wrong experiments, word by word."""

import copy
import unittest

from tools.experiment import semantics
from tools.experiment.problems import DocumentError
from tools.testing.main import main

_FAKE = "tools/testing/fake_app.py"
_RIGHT = {
    "schema": 1,
    "name": "right",
    "nodes": [
        {"role": "server", "program": _FAKE, "arguments": ["server"],
         "ready": "report"},
        {"role": "client", "program": _FAKE,
         "arguments": ["client", "${server.endpoint}"]},
    ],
    "sweep": [{"path": "nodes.client.cores", "values": [1, 2]}],
    "figures": [{"title": "t", "type": "line", "x": "cores",
                 "y": "throughput_rps"}],
    "claims": [{"name": "c", "goal": ">= 1", "expression":
                "median(a, cores=2) / median(a, cores=1)"}],
}


class SemanticsTest(unittest.TestCase):

    def _check(self, change=lambda document: None):
        document = copy.deepcopy(_RIGHT)
        change(document)
        return semantics.check(document)

    def _expect(self, change, *problems):
        with self.assertRaises(DocumentError) as raised:
            self._check(change)
        self.assertEqual(str(raised.exception).splitlines(), list(problems))

    def test_takes_what_is_right(self):
        self.assertEqual(len(self._check()), 2)

    def test_unknown_keys(self):
        self._expect(
            lambda d: d.update(repetitons=3),
            'document: found the unknown key "repetitons", expected one of '
            '"schema", "name", "description", "seed", "repetitions", '
            '"timeout_s", "platform", "platforms", "simulation", "nodes", '
            '"sweep", "exclude", "metrics", "figures", "claims" (the nearest '
            'is "repetitions")')
        self._expect(
            lambda d: d["nodes"][0].update(argumens=[]),
            'nodes[0]: found the unknown key "argumens", expected one of '
            '"role", "program", "arguments", "environment", "link", '
            '"guest", "files", "memory", "nic", "cores", "processors", '
            '"lifetime", "ready" (the nearest is "arguments")')

    def test_missing_keys(self):
        self._expect(
            lambda d: d.pop("name"),
            'document: found no key "name", expected Names the directory of '
            "the results: small letters, digits, dashes.")
        self._expect(lambda d: d["claims"][0].pop("name"),
                     'claims[0]: found no key "name", expected text')

    def test_wrong_values(self):
        self._expect(lambda d: d.update(schema=2),
                     "schema: found 2, expected 1")
        self._expect(lambda d: d.update(seed="x"),
                     'seed: found "x", expected a whole number')
        self._expect(lambda d: d.update(repetitions=0, timeout_s=0),
                     "repetitions: found 0, expected at least 1",
                     "timeout_s: found 0, expected more than 0")
        self._expect(lambda d: d["figures"][0].update(type="lines"),
                     'figures[0].type: found "lines", expected one of "line", '
                     '"bar", "cdf" (the nearest is "line")')
        self._expect(lambda d: d["claims"][0].update(goal="=> 1"),
                     'claims[0].goal: found "=> 1", expected A bound: >= 1.3, '
                     "or <= 1.15.")
        self._expect(lambda d: d.update(nodes=[]),
                     "nodes: found [], expected at least 1 of them")

    def test_nodes_of_no_kind_or_two(self):
        self._expect(
            lambda d: d["nodes"].__setitem__(0, {"role": "server",
                                                 "progam": _FAKE}),
            'nodes[0]: found a node that is nothing, expected one of "app", '
            '"program", "benchmark" (the nearest is "program")')
        self._expect(
            lambda d: d["nodes"][0].update(app="x"),
            'nodes[0]: found "app" and "program", expected one of "app", '
            '"program", "benchmark"')

    def test_programs_that_are_not_there(self):
        self._expect(
            lambda d: d["nodes"][0].update(program="no-such-program"),
            'nodes[0].program: found "no-such-program", expected a program on '
            "the PATH or in the project")

    def test_memory_of_images(self):
        def image(memory):
            return lambda d: d["nodes"].append(
                {"role": "image", "app": "hello", "platform": "baremetal",
                 "memory": memory})

        self._check(image(512))
        self._check(image("4G"))
        self._expect(image("8M"),
                     'nodes[2].memory: found "8M", expected MiB, or as in 512M '
                     "and 4G; at least 16M")
        self._expect(image("4T"), 'nodes[2].memory: found "4T", expected The '
                     "memory of the node's virtual machine; a process takes "
                     'what it needs. MiB, or as in "512M" and "4G".')
        self._expect(image(1), "nodes[2].memory: found 1, expected at least 16")

    def test_what_only_a_machine_has(self):
        self._expect(
            lambda d: d["nodes"][0].update(files=["/etc/protocols"],
                                           memory=512),
            'nodes[0].files: found ["/etc/protocols"], expected no files of a '
            'process, or "guest": true',
            'nodes[0].memory: found 512, expected no memory of a process, or '
            '"guest": true')
        self._check(lambda d: d["nodes"][0].update(
            files=["/etc/protocols"], memory=512, guest=True))

    def test_the_simulated_network(self):
        def network(**keys):
            return lambda d: d.update(simulation={"network": keys})

        self._check(network(topology="star", rate_bps=1e9, loss=0.1))
        self._expect(network(loss=2), "simulation.network.loss: found 2, "
                     "expected at most 1")
        with self.assertRaises(DocumentError) as raised:
            self._check(network(delay=3))
        self.assertRegex(str(raised.exception), '^simulation.network: found '
                         'the unknown key "delay".*nearest is "delay_ns"')

    def test_roles_and_references(self):
        self._expect(
            lambda d: d["nodes"][1]["arguments"].append("${sever.endpoint}"),
            'nodes[1]: found the unknown role of an earlier node "sever", '
            'expected one of "server" (the nearest is "server")')
        self._expect(
            lambda d: d["nodes"][1]["arguments"].append("${prot}"),
            'nodes[1]: found the unknown reference "${prot}", expected one of '
            '"${address}", "${port}", "${cores}", "${seed}", '
            '"${server.endpoint}" (the nearest is "${port}")')
        self._expect(
            lambda d: d["nodes"].append(d["nodes"][0]),
            'nodes[2].role: found "server", expected a role that no other '
            "node has")
        self._expect(
            lambda d: d["nodes"][1].update(lifetime="service"),
            "nodes: found services only, expected a task, whose end is the "
            "end of a run")

    def test_points_of_the_sweep(self):
        self._expect(
            lambda d: d["sweep"][0].update(values=[1, 0]),
            "cores=0: nodes[1].cores: found 0, expected at least 1")
        # What is wrong at all points is said once.
        self._expect(
            lambda d: d["sweep"][0].update(path="nodes.client.croes"),
            'nodes[1]: found the unknown key "croes", expected one of '
            '"role", "program", "arguments", "environment", "link", '
            '"guest", "files", "memory", "nic", "cores", "processors", '
            '"lifetime", "ready" (the nearest is "cores")')

    def test_figures(self):
        self._expect(
            lambda d: d["figures"][0].update(series=["croes"]),
            'figures[0].series[0]: found the unknown axis "croes", expected '
            'one of "cores" (the nearest is "cores")')
        self._expect(
            lambda d: d["figures"][0].update(where={"cores": [1, 3]}),
            "figures[0].where.cores: found the unknown value 3, expected one "
            "of 1, 2")
        self._expect(lambda d: d["figures"][0].pop("y"),
                     'figures[0]: found no key "y", expected the metric that '
                     "is drawn")

    def test_claims(self):
        def claim(expression):
            return lambda d: d["claims"][0].update(expression=expression)

        place = "claims[0].expression: found "
        self._expect(
            claim("medain(a)"),
            place + 'the unknown function "medain", expected one of median, '
            "mean, minimum, maximum, quantile, paired, min, max, abs, sqrt, "
            'geomean (the nearest is "median")')
        self._expect(
            claim("median(a, coers=1)"),
            place + 'the unknown axis "coers", expected one of "cores" (the '
            'nearest is "cores")')
        self._expect(
            claim("median(a, cores=3)"),
            place + 'the unknown value of the axis "cores" 3, expected one of '
            "1, 2")
        self._expect(
            claim("median(a)"),
            place + "2 points in median(a), expected one point; also choose "
            'one of "cores"')
        self._expect(claim("1 + 1"), place + '"1 + 1", expected a figure of '
                     "runs, such as median(METRIC)")
        self._expect(
            claim("__import__('os')"),
            place + 'the unknown function "__import__", expected one of '
            "median, mean, minimum, maximum, quantile, paired, min, max, abs, "
            "sqrt, geomean")

    def test_processors_of_the_machine(self):
        points = self._check(
            lambda d: d["nodes"][0].update(processors=[0, 9]))
        self.assertEqual(
            [str(p) for p in semantics.check_machine(points, {0, 1})],
            ["nodes[0].processors: found the processor 9, expected one of "
             "this machine's: [0, 1]"])


if __name__ == "__main__":
    main()
