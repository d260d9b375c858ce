#!/usr/bin/python3
"""A program that speaks the line protocol of our applications, for tests.

    fake_app.py server        is ready, serves until it is asked to stop
    fake_app.py client ENDPOINT [THROUGHPUT]   reports metrics
    fake_app.py fail          says why, and ends with 3
    fake_app.py stubborn [MARK]  is ready, and does not stop
"""

import json
import random
import signal
import socket
import sys
import time


def report(event: str, **details: object) -> None:
    print("@ebbrt " + json.dumps({"event": event, **details}), flush=True)


def serve() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        try:
            report("ready", endpoint=f"127.0.0.1:{port}", port=port)
            while True:
                server.accept()[0].close()
        except KeyboardInterrupt:
            print("stopping", flush=True)
            return 0


def measure(endpoint: str, throughput: float) -> int:
    host, _, port = endpoint.rpartition(":")
    socket.create_connection((host, int(port)), timeout=5).close()
    report("progress", fraction=0.5)
    noise = random.uniform(0.99, 1.01)
    report("metrics", metrics={
        "throughput_rps": throughput * noise, "errors": 0,
        "latency_ns": {"p50": 50_000 * noise, "p99": 120_000 * noise},
        "histogram": [[50_000, 90], [100_000, 9], [120_000, 1]],
    })
    return 0


def main() -> int:
    match sys.argv[1:]:
        case ["server"]:
            return serve()
        case ["client", endpoint, *throughput]:
            return measure(endpoint, float(throughput[0])
                           if throughput else 1000.0)
        case ["fail"]:
            print("bind: Address already in use", flush=True)
            return 3
        case ["stubborn", *_]:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            report("ready", endpoint="127.0.0.1:1")
            time.sleep(600)
    print("usage: fake_app.py server|client|fail|stubborn", flush=True)
    return 2


if __name__ == "__main__":
    sys.exit(main())
