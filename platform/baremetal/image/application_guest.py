"""An application as its own operating system, behind a card that QEMU's own
network has given an address: it is reached through a port of this machine's,
and itself reaches this machine as HOST."""

import json
import signal
import subprocess
import threading
from pathlib import Path

from tools.qemu.prefix import command_prefix
from tools.testing.applications import free_port, reports

# On a machine that is busy otherwise, under an emulator.
SECONDS_MAX = 240
HOST = "10.0.2.2"
_GUEST_PORT = 8080


class Guest:
    """A guest that runs. Whoever makes one ends it."""

    def __init__(self, image: Path, card: str, cores: int,
                 parameters: dict) -> None:
        self.port = free_port()
        self.said: list[str] = []
        self._ready = threading.Event()
        self._process = subprocess.Popen(
            [*command_prefix(
                cores=cores, accelerator="tcg", cards=[card],
                behind=[f"user,hostfwd=tcp:127.0.0.1:{self.port}-"
                        f":{_GUEST_PORT}"]),
             f"--timeout={SECONDS_MAX}", str(image),
             "--parameters=" + json.dumps(parameters)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # What it says must not fill the pipe.
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @classmethod
    def server(cls, image: Path, card: str, cores: int,
               parameters: dict) -> "Guest":
        """One that is ready to be asked."""
        guest = cls(image, card, cores,
                    {"port": _GUEST_PORT, **parameters})
        guest._ready.wait(SECONDS_MAX)
        if not guest.reports("ready"):
            guest.end()
            raise AssertionError("never ready: " + "".join(guest.said))
        return guest

    def _read(self) -> None:
        with self._process.stdout:
            for line in self._process.stdout:
                self.said.append(line)
                if line.startswith("@ebbrt "):
                    self._ready.set()
        self._ready.set()

    def reports(self, event: str) -> list[dict]:
        """What it has reported so far."""
        return reports("".join(self.said), event)

    def metrics(self) -> dict:
        """Those of an application that ends by itself, and well."""
        code = self._process.wait(SECONDS_MAX)
        self._reader.join()
        assert code == 0, f"exit code {code}: " + "".join(self.said)
        return self.reports("metrics")[0]["metrics"]

    def stop(self) -> dict:
        """Asks it to end; its metrics."""
        self._process.send_signal(signal.SIGINT)
        return self.metrics()

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
