import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.experiment import document
from tools.experiment.problems import DocumentError
from tools.testing.main import main


def _document():
    return {
        "name": "test",
        "nodes": [{"role": "server", "app": "a"},
                  {"role": "client", "app": "b", "parameters": {"n": 1}}],
        "sweep": [{"path": "nodes.client.parameters.n", "values": [1]}],
    }


class SetPathTest(unittest.TestCase):

    def _set(self, path, value):
        changed = _document()
        document.set_path(changed, path, value, "--set")
        return changed

    def _error(self, path):
        with self.assertRaises(DocumentError) as raised:
            self._set(path, 1)
        return str(raised.exception)

    def test_finds_elements_of_lists_by_role(self):
        self.assertEqual(
            self._set("nodes.client.parameters.n", 5)["nodes"][1]["parameters"],
            {"n": 5})

    def test_makes_the_parameters_that_a_node_does_not_have(self):
        self.assertEqual(
            self._set("nodes.server.parameters.sla.ns", 5)["nodes"][0],
            {"role": "server", "app": "a", "parameters": {"sla": {"ns": 5}}})

    def test_finds_an_axis_by_the_setting_that_it_changes(self):
        self.assertEqual(self._set("sweep.n.values", [7])["sweep"][0]["values"],
                         [7])

    def test_replaces_a_node_but_keeps_its_role(self):
        self.assertEqual(self._set("nodes.server", {"program": "p"})["nodes"],
                         [{"role": "server", "program": "p"},
                          _document()["nodes"][1]])

    def test_names_the_nearest_role(self):
        self.assertEqual(
            self._error("nodes.cleint.cores"),
            '--set: found the unknown path "nodes.cleint", expected one of '
            '"server", "client" (the nearest is "client")')

    def test_names_the_nearest_key_on_the_way(self):
        self.assertIn('(the nearest is "nodes")',
                      self._error("node.client.cores"))

    def test_does_not_step_into_a_number(self):
        self.assertIn("found the path", self._error("name.x.y"))
        self.assertIn("found the path", self._error("name.x"))


class LoadTest(unittest.TestCase):

    def _error(self, content):
        with TemporaryDirectory() as directory:
            file = Path(directory) / "e.json"
            file.write_bytes(content)
            with self.assertRaises(DocumentError) as raised:
                document.load(file)
            return str(raised.exception).replace(directory + "/", "")

    def test_says_where_the_json_is_wrong(self):
        self.assertEqual(
            self._error(b'{\n  "name": tset\n}'),
            'e.json:2:11: found "\\"name\\": tset", expected JSON '
            "(Expecting value)")

    def test_takes_no_key_twice(self):
        self.assertEqual(
            self._error(b'{"seed": 1, "seed": 2}'),
            'e.json: found the key "seed" twice in one object, expected it '
            "once")

    def test_takes_only_objects_in_utf8(self):
        self.assertEqual(self._error(b"[1]"),
                         "document: found [1], expected an object")
        self.assertIn("no UTF-8", self._error(b"\xff\xfe"))
        self.assertIn("expected JSON", self._error(b""))

    def test_says_that_there_is_no_file(self):
        with self.assertRaises(DocumentError) as raised:
            document.load(Path("/nonexistent.json"))
        self.assertEqual(
            str(raised.exception),
            "/nonexistent.json: found no such file or directory, expected a "
            "file with an experiment; ./ebbrt list names those that ship")


class ParseSettingTest(unittest.TestCase):

    def test_takes_json_or_text(self):
        self.assertEqual(document.parse_setting("a.b=[1]"), ("a.b", [1]))
        self.assertEqual(document.parse_setting("a=x=y"), ("a", "x=y"))
        self.assertEqual(document.parse_setting("a="), ("a", ""))

    def test_wants_a_path_and_a_value(self):
        for text in ("a", "=1", ""):
            with self.assertRaises(DocumentError):
                document.parse_setting(text)


if __name__ == "__main__":
    main()
