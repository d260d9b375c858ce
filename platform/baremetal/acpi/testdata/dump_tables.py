"""Writes the ACPI tables that a virtual machine's firmware leaves in memory.

  python3 dump_tables.py qemu-system-x86_64 -M q35 ... > q35.acpidump

Starts the machine with 256 MiB, lets the firmware run for some seconds, and
follows the tables from their root. The output is what acpidump(8) of ACPICA
prints on a running system, without the column of characters and empty lines.
"""

import json
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_MEMORY_BYTES = 256 << 20
_FIRMWARE_SECONDS = 10
_RSDP = b"RSD PTR "


def memory_after_boot(command: list[str]) -> bytes:
    """The machine's memory, once its firmware has run."""
    with tempfile.TemporaryDirectory() as folder:
        monitor = Path(folder) / "qmp"
        image = Path(folder) / "memory"
        machine = subprocess.Popen(
            [*command, "-m", f"{_MEMORY_BYTES >> 20}M", "-display", "none",
             "-serial", "none", "-nic", "none", "-qmp",
             f"unix:{monitor},server=on,wait=off"],
            stdin=subprocess.DEVNULL)
        try:
            time.sleep(_FIRMWARE_SECONDS)
            _ask(monitor, "pmemsave", val=0, size=_MEMORY_BYTES,
                 filename=str(image))
            return image.read_bytes()
        finally:
            machine.kill()
            machine.wait()


def _ask(monitor: Path, command: str, **arguments: object) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(monitor))
        stream = connection.makefile("rw")
        stream.readline()  # The greeting.
        for request in ({"execute": "qmp_capabilities"},
                        {"execute": command, "arguments": arguments}):
            print(json.dumps(request), file=stream, flush=True)
            while True:
                answer = json.loads(stream.readline())
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                if "return" in answer:
                    break


def tables(memory: bytes) -> Iterator[tuple[str, int, bytes]]:
    """The root pointer, the roots, and all tables: name, address, bytes."""
    rsdp = _find_rsdp(memory)
    revision = memory[rsdp + 15]
    yield "RSD PTR", rsdp, memory[rsdp:rsdp + (36 if revision >= 2 else 20)]
    rsdt, = struct.unpack_from("<I", memory, rsdp + 16)
    xsdt, = struct.unpack_from("<Q", memory, rsdp + 24)
    roots = [(rsdt, "I")] if rsdt else []
    if revision >= 2 and xsdt:
        roots.append((xsdt, "Q"))
    seen = set()
    for root, form in roots:
        name, _, data = _table(memory, root)
        yield name, root, data
        listed = struct.iter_unpack("<" + form, data[36:])
        for address in (entry[0] for entry in listed):
            if address in seen:
                continue
            seen.add(address)
            name, _, data = _table(memory, address)
            yield name, address, data
            if name == "FACP":
                yield _table(memory, struct.unpack_from("<I", data, 40)[0])


def _find_rsdp(memory: bytes) -> int:
    """The root pointer of the highest revision; UEFI leaves two."""
    found = [match.start() for match in re.finditer(_RSDP, memory)
             if match.start() % 4 == 0
             and sum(memory[match.start():match.start() + 20]) % 256 == 0]
    if not found:
        raise RuntimeError("the firmware has left no tables")
    return max(found, key=lambda at: memory[at + 15])


def _table(memory: bytes, address: int) -> tuple[str, int, bytes]:
    length, = struct.unpack_from("<I", memory, address + 4)
    data = memory[address:address + length]
    return data[:4].decode("ascii"), address, data


def main() -> None:
    """Prints all tables of the machine that the arguments start."""
    for name, address, data in tables(memory_after_boot(sys.argv[1:])):
        print(f"{name} @ 0x{address:016X}")
        for offset in range(0, len(data), 16):
            row = data[offset:offset + 16].hex(" ").upper()
            print(f"    {offset:04X}: {row}")


if __name__ == "__main__":
    main()
