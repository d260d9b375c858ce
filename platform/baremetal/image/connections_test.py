"""Twenty thousand clients of a memcached that is its own operating system, on
one core with 256 MiB: each is served as it comes, and again once all are there.

Its card is a TAP device in a network namespace, which needs to be root.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

from tools.experiment.network_namespace import NetworkNamespace
from tools.qemu.prefix import command_prefix
from tools.testing.main import main

# A process may have ten thousand files and some on any machine.
_PROCESSES = 2
_CONNECTIONS = 20_000
_CLIENTS = Path(__file__).absolute().parent / "many_clients.py"
# On a machine that is busy otherwise, under an emulator.
_SECONDS_MAX = 280
# What a client may cost, with its item: it is about half of that.
_BYTES_MAX = 4096
_DEVICE = "ebbrt"
_HOST = "10.78.0.1"
_GUEST = "10.78.0.2"
_PORT = 11211


def _resident_bytes(process: int) -> int:
    """Of a process and those it has started."""
    with open(f"/proc/{process}/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[1])
    with open(f"/proc/{process}/task/{process}/children",
              encoding="ascii") as children:
        return pages * os.sysconf("SC_PAGE_SIZE") + sum(
            _resident_bytes(int(child)) for child in children.read().split())


@unittest.skipIf(os.geteuid() != 0, "needs to be root")
class ConnectionsTest(unittest.TestCase):

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.namespace = NetworkNamespace(stack)
        self.namespace.ip("tuntap", "add", "dev", _DEVICE, "mode", "tap",
                          "vnet_hdr")
        self.namespace.ip("address", "add", f"{_HOST}/24", "dev", _DEVICE)
        self.namespace.ip("link", "set", _DEVICE, "up")

    def _start(self, *command, **keys):
        process = subprocess.Popen(
            [*self.namespace.prefix, *command], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, **keys)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def _await(self, process, beginning):
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith(beginning):
                return
        self.fail(f"never said {beginning!r}: " + "".join(said))

    def _start_guest(self):
        parameters = {"port": _PORT, "connections_max": _CONNECTIONS,
                      "network": {"address": f"{_GUEST}/24"}}
        guest = self._start(
            *command_prefix(
                cores=1, memory="256M", accelerator="tcg",
                cards=["virtio-net"],
                behind=[f"tap,ifname={_DEVICE},script=no,downscript=no,"
                        "vhost=off"]),
            f"--timeout={_SECONDS_MAX}", str(Path(sys.argv[1]).absolute()),
            "--parameters=" + json.dumps(parameters))
        self._await(guest, "@ebbrt ")
        # What it says from now on must not fill the pipe.
        threading.Thread(target=guest.stdout.read).start()
        return guest

    def test_holds_and_serves_all(self):
        guest = self._start_guest()
        before = _resident_bytes(guest.pid)
        began = time.monotonic()
        clients = [
            self._start(sys.executable, str(_CLIENTS), _GUEST, str(_PORT),
                        name, str(_CONNECTIONS // _PROCESSES),
                        stdin=subprocess.PIPE)
            for name in ("a", "b")[:_PROCESSES]]
        for client in clients:
            self._await(client, "open")
        opened = time.monotonic()
        for client in clients:
            client.stdin.write("ask\n")
            client.stdin.flush()
        for client in clients:
            self._await(client, "asked")
        each = (_resident_bytes(guest.pid) - before) // _CONNECTIONS
        print(f"opened in {opened - began:.1f} s, asked in "
              f"{time.monotonic() - opened:.1f} s, {each} bytes of QEMU's "
              "memory each", flush=True)
        self.assertLess(each, _BYTES_MAX)
        guest.send_signal(signal.SIGINT)
        self.assertEqual(guest.wait(_SECONDS_MAX), 0)


if __name__ == "__main__":
    main()
