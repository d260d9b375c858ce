"""What events cost on this machine, from what nodes that trace report.

A simulated core is charged for an event by its tag. What a node's processor
does beside its events, which is mostly the system's part of sending and
receiving, is added to the messages that it received: they are why it was done.
Over a network card a message is a frame; of these an interrupt brings several,
so that its driver counts them, and a byte costs nothing by itself.
"""

from collections.abc import Mapping
from typing import Any

from tools.experiment.execution import RunFailed

# What is no work of an event's (core/trace/event_tag.h).
_WAITING = ("core.wait", "core.look", "core.empty_poll")
_MESSAGE = "core.interrupt"
_FRAMES = "nic.received_frames"
_UNTAGGED = "0x00000000"
# Of an event that is rarer, by the number of messages, the mean says little: a
# report at the end is not what a timer costs.
_RARE = 0.01


def costs_of(trace: Mapping[str, Any], processor_s: float) -> dict[str, Any]:
    """The costs by tag of a node that used so much of its processors.

    Raises RunFailed where it received nothing that could be measured.
    """
    entries = {"untagged" if entry["tag"] == _UNTAGGED else entry["tag"]: entry
               for entry in trace["tags"] if entry["tag"] not in _WAITING}
    message = entries.get(_MESSAGE, {})
    frames = trace.get("counters", {}).get(_FRAMES, 0)
    received = frames or message.get("sized_count", 0)
    if received == 0:
        raise RunFailed("no message was received, so there is nothing to "
                        "calibrate messages by")
    events_ns = sum(entry["total_ns"] for entry in entries.values())
    processor_ns = processor_s * 1e9
    # Events that other processes interrupted took longer than they cost.
    share = min(processor_ns / events_ns, 1)
    costs = {tag: {"fixed_ns": round(entry["mean_ns"] * share, 1)}
             for tag, entry in entries.items()
             if entry["count"] > _RARE * received}
    beside_ns = max(processor_ns - events_ns, 0)
    whole_ns = (message["total_ns"] * share + beside_ns) / received
    if frames:
        costs[_MESSAGE] = {"fixed_ns": round(whole_ns, 1)}
        return costs
    per_byte_ns = max(message.get("per_byte_ns", 0), 0) * share
    mean_bytes = message["bytes"] / received
    # The line goes through the mean, whatever its slope.
    per_byte_ns = min(per_byte_ns, whole_ns / max(mean_bytes, 1))
    costs[_MESSAGE] = {
        "fixed_ns": round(whole_ns - per_byte_ns * mean_bytes, 1),
        "per_byte_ns": round(per_byte_ns, 4)}
    return costs


def least_cost(by_app: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What an event costs that does next to nothing, as far as is known."""
    return {"fixed_ns": min(
        (cost["fixed_ns"] for costs in by_app.values()
         for tag, cost in costs.items() if tag != _MESSAGE), default=0)}


def mean_costs(all_costs: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean of several measurements, of each tag that any of them has."""
    mean = {}
    for tag in dict.fromkeys(tag for costs in all_costs for tag in costs):
        with_tag = [costs[tag] for costs in all_costs if tag in costs]
        mean[tag] = {
            key: round(sum(cost.get(key, 0) for cost in with_tag) /
                       len(with_tag), 4)
            for key in dict.fromkeys(key for cost in with_tag for key in cost)}
    return mean
