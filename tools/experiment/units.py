"""How figures are written for people: the unit is in the metric's name."""

# Suffix of the name: the steps from the base unit up, as (factor, name).
_UNITS: dict[str, list[tuple[float, str]]] = {
    "_ns": [(1, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")],
    "_s": [(1, "s")],
    "_rps": [(1, "requests/s")],
    "_bps": [(1, "bit/s"), (1e3, "kbit/s"), (1e6, "Mbit/s"), (1e9, "Gbit/s")],
    "_bytes": [(1, "bytes"), (2**10, "KiB"), (2**20, "MiB"), (2**30, "GiB")],
    "_per_second": [(1, "/s")],
}


def _suffix_and_stem(metric: str) -> tuple[str, str]:
    # The unit may stand on an outer name: latency_ns.p99.
    parts = metric.split(".")
    for index, part in enumerate(parts):
        for suffix in _UNITS:
            if part.endswith(suffix):
                parts[index] = part.removesuffix(suffix)
                return suffix, " ".join(parts).replace("_", " ")
    return "", " ".join(parts).replace("_", " ")


def choose(metric: str, magnitude: float) -> tuple[str, float]:
    """A label with its unit, and what to divide the metric by to be in it.

    `magnitude` is a typical value: it chooses between ns and ms.
    """
    suffix, name = _suffix_and_stem(metric)
    if not suffix:
        return name, 1
    factor, unit = _UNITS[suffix][0]
    for step_factor, step_unit in _UNITS[suffix][1:]:
        if abs(magnitude) >= step_factor:
            factor, unit = step_factor, step_unit
    return f"{name} ({unit})", factor


def text(value: float | None) -> str:
    """A number of four digits or so, with thousands set apart."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 1e-3:
        return f"{value:.4g}"
    return f"{value:.3e}"


def has_unit(metric: str) -> bool:
    """Whether the metric's name says what its unit is."""
    return bool(_suffix_and_stem(metric)[0])
