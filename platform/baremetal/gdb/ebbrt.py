"""What gdb shows of a running image: its cores, their events, and its Ebbs.

`./ebbrt gdb` loads it; in any other gdb: source platform/baremetal/gdb/ebbrt.py

It reads core's own structures (core/event, core/ebb) by their debug symbols,
from whichever core is asked; a core's representatives stand behind its %gs.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import gdb

# Longer lists are cut, and say so.
_LISTED_MAX = 64
# Where a processor's own record stands from its %gs; its place in the slot.
_PROCESSOR = -8192
_WORD_BYTES = 8
# As in core/ebb/ebb_id.h. Constants leave nothing in an image.
_DIRECTORY_ID, _EVENT_LOOP_ID = 1, 2
_TAG_MASK = 2**32 - 1


class _Absent(Exception):
    """What was asked for is not there, in words."""


@dataclass(frozen=True)
class _Core:
    """A processor of the machine, and the core that runs on it, if any."""

    thread: gdb.InferiorThread
    gs_base: int
    processor: gdb.Value

    def representative(self, ebb: int) -> int:
        try:
            return _word(self.gs_base + ebb * _WORD_BYTES)
        except gdb.MemoryError:
            return 0  # No page of the table is there as yet.

    @property
    def loop(self) -> gdb.Value | None:
        address = self.representative(_EVENT_LOOP_ID)
        if not address or not int(self.processor["core"]):
            return None
        return _at(address, "ebbrt::EventLoop")


def _word(address: int) -> int:
    return int(_at(address, "unsigned long"))


def _at(address: int, type_name: str) -> gdb.Value:
    try:
        pointer = gdb.lookup_type(type_name).pointer()
    except gdb.error as error:
        raise _Absent(f"the image has no symbols of {type_name}") from error
    return gdb.Value(address).cast(pointer).dereference()


def _cores() -> list[_Core]:
    threads = sorted(gdb.selected_inferior().threads(), key=lambda t: t.num)
    if not threads:
        raise _Absent("nothing runs: expected a gdb that is connected to QEMU")
    selected = gdb.selected_thread()
    cores = []
    try:
        for thread in threads:
            thread.switch()
            gs_base = int(gdb.parse_and_eval("$gs_base"))
            try:
                self = _word(gs_base + _PROCESSOR)
            except gdb.MemoryError:
                continue  # It has not come up.
            if self == gs_base + _PROCESSOR:
                cores.append(_Core(thread, gs_base, _at(
                    self, "ebbrt::platform::machine::Processor")))
    finally:
        if selected is not None:
            selected.switch()
    if not cores:
        raise _Absent("no processor has come up yet: expected a machine that "
                      "has passed boot/start.cc")
    return cores


def _enumerator(value: gdb.Value) -> str:
    """kRunning, of an atomic enumeration."""
    return str(value["_M_i"]).rsplit("::", 1)[-1]


def _tag(tag: int) -> str:
    if tag == 0:
        return "untagged"
    # As core/trace/event_tag.h collects them: (tag, name), padded with zeros.
    begin, end = (int(gdb.parse_and_eval(f"(unsigned long)&{symbol}"))
                  for symbol in ("__start_ebbrt_event_tags",
                                 "__stop_ebbrt_event_tags"))
    for at in range(begin, end, 2 * _WORD_BYTES):
        name = _word(at + _WORD_BYTES)
        if _word(at) & _TAG_MASK == tag and name:
            return _at(name, "char").address.string()
    return f"tag {tag:#x}"


def _function(function: gdb.Value) -> str:
    """What a UniqueFunction calls, as the compiler names it."""
    operations = int(function["operations_"])
    if not operations:
        return "nothing"
    symbol = gdb.execute(f"info symbol {operations:#x}", to_string=True)
    # UniqueFunction<...>::kInlineOperations<THE CALLABLE> in section ...
    found = re.search(r"k(?:Inline|Heap)Operations<(.*)> in section", symbol)
    return found[1] if found else symbol.strip()


def _queue(head: gdb.Value) -> Iterator[gdb.Value]:
    for _ in range(_LISTED_MAX):
        if not int(head):
            return
        yield head.dereference()
        head = head["next"]


def _count(events: Iterator[gdb.Value]) -> str:
    count = sum(1 for _ in events)
    return f"{count}" if count < _LISTED_MAX else f"{count} or more"


def _remote(loop: gdb.Value) -> gdb.Value:
    """The newest of what other cores have spawned here."""
    return loop["remote_"]["head_"]["_M_b"]["_M_p"]


class _Ebbrt(gdb.Command):
    """Shows what EbbRT does: ebbrt cores, ebbrt events, ebbrt ebbs."""

    def __init__(self) -> None:
        super().__init__("ebbrt", gdb.COMMAND_STATUS, prefix=True)


class _Command(gdb.Command):

    def __init__(self, name: str) -> None:
        super().__init__(f"ebbrt {name}", gdb.COMMAND_STATUS)

    def invoke(self, argument: str, from_tty: bool) -> None:
        del argument, from_tty
        try:
            for line in self.lines():
                print(line)
        except _Absent as absent:
            raise gdb.GdbError(str(absent)) from absent

    def lines(self) -> Iterator[str]:
        raise NotImplementedError


class _CoresCommand(_Command):
    """The processors: state, core, what runs, how much waits."""

    def lines(self) -> Iterator[str]:
        for core in _cores():
            processor = core.processor
            line = (f"processor {int(processor['index'])} "
                    f"(gdb's thread {core.thread.num}), "
                    f"APIC {int(processor['apic_id'])}, "
                    f"{_enumerator(processor['state'])}")
            loop = core.loop
            if loop is None:
                yield f"{line}: no core"
                continue
            timers = int(loop["timers_"]["root_"])
            yield (f"{line}: core {int(loop['core_']['index_'])}, "
                   f"runs {_running(loop)}, "
                   f"{_count(_queue(loop['ready_']['head_']))} queued, "
                   f"{_count(_queue(_remote(loop)))} from other cores, "
                   f"{'timers armed' if timers else 'no timer'}")


def _running(loop: gdb.Value) -> str:
    event = loop["running_"]
    if int(event):
        return f"an event ({_tag(int(event['tag']))})"
    return f"no queued event ({_tag(int(loop['other_tag_']))})"


class _EventsCommand(_Command):
    """The events of each core: that which runs, and those that wait."""

    def lines(self) -> Iterator[str]:
        for core in _cores():
            loop = core.loop
            if loop is None:
                continue
            yield f"core {int(loop['core_']['index_'])}: runs {_running(loop)}"
            for event in _queue(loop["ready_"]["head_"]):
                yield f"  queued: {_event(event)}"
            for event in _queue(_remote(loop)):
                yield f"  from another core: {_event(event)}"
            root = loop["timers_"]["root_"]
            if int(root):
                yield f"  next timer: {_timer(root.dereference())}"


def _event(event: gdb.Value) -> str:
    return f"{_tag(int(event['tag']))}: {_function(event['function'])}"


def _timer(timer: gdb.Value) -> str:
    since_boot = timer["deadline_"]
    while since_boot.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
        since_boot = since_boot[since_boot.type.fields()[0]]
    return (f"{_tag(int(timer['tag_']))} at {int(since_boot) / 1e9:.6f} s: "
            f"{_function(timer['function_'])}")


class _EbbsCommand(_Command):
    """The Ebbs of the node: id, root, and each core's representative."""

    def lines(self) -> Iterator[str]:
        cores = [core for core in _cores() if core.loop is not None]
        if not cores:
            raise _Absent("no core is up: expected a node that runs")
        yield self._line(cores, _DIRECTORY_ID, "ebbrt::EbbDirectory")
        yield self._line(cores, _EVENT_LOOP_ID, "ebbrt::EventLoop")
        directory = cores[0].representative(_DIRECTORY_ID)
        if not directory:
            return
        roots = _at(directory, "ebbrt::EbbDirectory")["roots_"]
        for entry in _entries(roots):
            # A unique_ptr, which is a pointer and nothing else.
            root = _word(int(entry["second"].address))
            yield self._line(cores, int(entry["first"]["value_"]),
                             _class_of(root))

    @staticmethod
    def _line(cores: list[_Core], ebb: int, kind: str) -> str:
        places = " ".join(f"{core.representative(ebb):#x}" for core in cores)
        return f"{ebb}: {kind}, on the cores: {places}"


def _class_of(address: int) -> str:
    """The class of an object with virtual functions, also where the image has
    no types: by the symbol that its table has."""
    symbol = gdb.execute(f"info symbol {_word(address):#x}", to_string=True)
    found = re.search(r"vtable for (.*) \+ \d+ in section", symbol)
    return found[1] if found else symbol.strip()


def _entries(table: gdb.Value) -> Iterator[gdb.Value]:
    """The pairs of a std::map, in their order."""
    tree = table["_M_t"]
    pair = tree.type.strip_typedefs().template_argument(1)
    header = tree["_M_impl"]["_M_header"]
    node = header["_M_left"]
    while int(node) != int(header.address):
        # A pair stands behind what links the node.
        yield (node + 1).cast(pair.pointer()).dereference()
        if int(node["_M_right"]):
            node = node["_M_right"]
            while int(node["_M_left"]):
                node = node["_M_left"]
        else:
            # Up to the first that it is left of. The header is the root's
            # parent, and on its right is the last.
            above = node["_M_parent"]
            while int(node) == int(above["_M_right"]):
                node, above = above, above["_M_parent"]
            if int(node["_M_right"]) != int(above):
                node = above


# A crash is looked at before it is reported, and the machine gone.
_CRASHES = ("CrashByException", "CrashBySignal", "MachineCheckFailed")

for function in _CRASHES:
    with contextlib.suppress(gdb.error):  # An image that is none of ours.
        gdb.execute(f"break ebbrt::platform::machine::{function}",
                    to_string=True)
_Ebbrt()
_CoresCommand("cores")
_EventsCommand("events")
_EbbsCommand("ebbs")
