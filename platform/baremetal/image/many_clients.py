"""A process of many memcached clients: connections_test.py's, of which one
process may not have as many files as all of them are.

Opens them, and stores a value by each as it comes; says so and waits for a
line; reads each one's value by it; says so and waits again.
"""

import contextlib
import select
import socket
import sys
import time

# At a time, so that no queue on the way is too short.
_UNDER_WAY_MAX = 500
_SECONDS_MAX = 280


class Client:
    """One connection: sends requests, and has the bytes that came back."""

    def __init__(self, server: tuple[str, int], key: str):
        self.key = key
        self.value = f"value of {key}"
        self.socket = socket.socket()
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self.socket.connect(server)

    def set(self) -> None:
        self._ask(f"set {self.key} 0 0 {len(self.value)}\r\n{self.value}\r\n",
                  "STORED\r\n")

    def get(self) -> None:
        self._ask(f"get {self.key}\r\n",
                  f"VALUE {self.key} 0 {len(self.value)}\r\n{self.value}\r\n"
                  "END\r\n")

    def _ask(self, request: str, answer: str) -> None:
        self._received = b""
        self._expected = answer.encode()
        self.socket.sendall(request.encode())

    def is_answered(self) -> bool:
        """Takes what has come, which has to be right."""
        with contextlib.suppress(BlockingIOError):
            while part := self.socket.recv(4096):
                self._received += part
            raise SystemExit(f"{self.key}: closed by the server")
        if not self._expected.startswith(self._received):
            raise SystemExit(f"{self.key}: answered {self._received!r}")
        return self._received == self._expected


class Clients:

    def __init__(self):
        self._deadline_s = time.monotonic() + _SECONDS_MAX
        self._poll = select.epoll()
        self._all: dict[int, Client] = {}

    def _events(self) -> list[tuple[Client, int]]:
        events = self._poll.poll(max(self._deadline_s - time.monotonic(), 0))
        if not events:
            raise SystemExit("no answer in time")
        return [(self._all[number], event) for number, event in events]

    def open_all(self, server: tuple[str, int], name: str,
                 count: int) -> None:
        answered = 0
        while answered < count:
            while len(self._all) < min(count, answered + _UNDER_WAY_MAX):
                client = Client(server, f"{name}{len(self._all)}")
                self._all[client.socket.fileno()] = client
                self._poll.register(client.socket, select.EPOLLOUT)
            for client, event in self._events():
                if event & select.EPOLLOUT:
                    client.set()
                    self._poll.modify(client.socket, select.EPOLLIN)
                else:
                    answered += client.is_answered()

    def ask_all(self) -> None:
        waiting = list(self._all.values())
        asked = answered = 0
        while answered < len(waiting):
            while asked < min(len(waiting), answered + _UNDER_WAY_MAX):
                waiting[asked].get()
                asked += 1
            for client, _ in self._events():
                answered += client.is_answered()


def _main() -> None:
    address, port, name, count = sys.argv[1:]
    clients = Clients()
    clients.open_all((address, int(port)), name, int(count))
    print("open", flush=True)
    sys.stdin.readline()
    clients.ask_all()
    print("asked", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    _main()
