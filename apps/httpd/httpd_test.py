"""httpd as its users meet it: curl and wrk are served, what is wrong is said,
and it stops in good order with clients connected."""

import json
import re
import signal
import socket
import subprocess
import sys
import unittest

from tools.testing.main import main

# On a machine that is busy otherwise.
_SECONDS_MAX = 60
_LARGE_BYTES = 3_000_000
_PAGES = [
    {"path": "/", "body": "a page\n", "type": "text/plain"},
    {"path": "/large", "bytes": _LARGE_BYTES},
    {"path": "/a b", "body": "spaced"},
]


class Server:
    """Our server, on a port that the system has chosen."""

    def __init__(self, **parameters):
        parameters = {"port": 0, "address": "127.0.0.1", "pages": _PAGES,
                      **parameters}
        self.process = subprocess.Popen(
            [sys.argv[1], "--cores=2",
             "--parameters=" + json.dumps(parameters)],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = json.loads(line.removeprefix("@ebbrt "))["port"]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        """What it reports in the end."""
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=_SECONDS_MAX)
        assert self.process.returncode == 0, self.process.returncode
        return json.loads(said.removeprefix("@ebbrt "))["metrics"]

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def curl(*arguments):
    return subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", str(_SECONDS_MAX),
         "--noproxy", "*", *arguments],
        capture_output=True, check=True).stdout.decode()


class HttpdTest(unittest.TestCase):

    def start(self, **parameters):
        server = Server(**parameters)
        self.addCleanup(server.end)
        return server

    def status(self, server, *arguments):
        return curl("--output", "/dev/null", "--write-out", "%{http_code}",
                    *arguments, server.url)

    def test_serves_curl(self):
        server = self.start()
        self.assertEqual(curl(server.url), "a page\n")
        self.assertEqual(curl(server.url + "/a%20b?query"), "spaced")
        self.assertEqual(curl("--http1.0", server.url), "a page\n")
        large = curl(server.url + "/large")
        self.assertEqual(len(large), _LARGE_BYTES)
        lines = large.split("\n")
        self.assertTrue(all(line.rstrip(".") == str(64 * i)
                            for i, line in enumerate(lines[:-1])))
        head = curl("--head", server.url)
        self.assertRegex(head, r"^HTTP/1.1 200 OK\r\n")
        self.assertIn("Content-Length: 7\r\n", head)
        self.assertIn("Content-Type: text/plain\r\n", head)
        self.assertRegex(head, r"\nDate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT")
        self.assertEqual(server.stop()["connections"], 5)

    def test_keeps_connections(self):
        server = self.start()
        said = curl("--write-out", "%{num_connects} ", server.url, server.url,
                    server.url + "/none", server.url)
        self.assertRegex(
            said, r"^a page\n1 a page\n0 404 [^\n]*\n0 a page\n0 $")
        self.assertEqual(server.stop()["connections"], 1)

    def test_says_what_is_wrong(self):
        server = self.start(content_bytes_max=100_000)
        self.assertEqual(self.status(server, "--request", "DELETE"), "405")
        self.assertEqual(self.status(server, "--data", "some"), "405")
        # It waits for leave to send so much.
        self.assertEqual(self.status(server, "--data", "x" * 90_000), "405")
        self.assertEqual(self.status(server, "--header",
                                     "Transfer-Encoding: chunked", "--data",
                                     "some"), "405")
        self.assertEqual(self.status(server, "--data", "x" * 110_000), "413")
        self.assertEqual(self.status(server, "--request", "BREW"), "501")
        self.assertEqual(self.status(server, "--header", "Host:"), "400")
        self.assertEqual(self.status(server, "--header", "A: " + "a" * 9000),
                         "431")
        self.assertEqual(curl("--output", "/dev/null", "--write-out",
                              "%{http_code}", server.url + "/" + "a" * 9000),
                         "414")
        metrics = server.stop()
        self.assertEqual(metrics["responses_4xx"], 8)
        self.assertEqual(metrics["responses_5xx"], 1)

    def test_serves_wrk(self):
        server = self.start()
        for path in ("/", "/large"):
            done = subprocess.run(
                ["wrk", "--threads", "2", "--connections", "20", "--duration",
                 "1", "--timeout", str(_SECONDS_MAX), server.url + path],
                capture_output=True, text=True, check=True)
            self.assertNotIn("Socket errors", done.stdout)
            self.assertNotIn("Non-2xx", done.stdout)
            requests = re.search(r"(\d+) requests in", done.stdout)
            self.assertGreater(int(requests[1]), 0, done.stdout)
        metrics = server.stop()
        self.assertEqual(metrics["responses_4xx"], 0)
        self.assertGreaterEqual(metrics["connections"], 40)

    def test_answers_what_is_pipelined_and_half_closed(self):
        server = self.start()
        count = 3000
        with socket.create_connection(("127.0.0.1", server.port),
                                      _SECONDS_MAX) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * count)
            client.shutdown(socket.SHUT_WR)
            said = b"".join(iter(lambda: client.recv(1 << 16), b""))
        self.assertEqual(said.count(b"HTTP/1.1 200 OK\r\n"), count)
        self.assertEqual(said.count(b"\r\n\r\na page\n"), count)

    def test_stops_with_clients_connected(self):
        server = self.start()
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT")
            self.assertTrue(client.recv(1))
            self.assertEqual(server.stop()["connections"], 1)

    def test_refuses_wrong_parameters(self):
        for parameters, expected in [
                ({"port": 70000}, "parameters.port: found 70000"),
                ({"prot": 1}, 'the nearest is "port"'),
                ({"pages": [{"path": "a", "body": ""}]},
                 "parameters.pages[0].path")]:
            done = subprocess.run(
                [sys.argv[1], "--parameters=" + json.dumps(parameters)],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(expected, done.stdout + done.stderr)
        port = self.start().port
        taken = json.dumps({"address": "127.0.0.1", "port": port})
        done = subprocess.run([sys.argv[1], "--parameters=" + taken],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"127.0.0.1:{port}", done.stdout + done.stderr)


if __name__ == "__main__":
    main()
