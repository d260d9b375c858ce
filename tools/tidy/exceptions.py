"""Who is let off which check, and why."""

from collections.abc import Iterable

from tools.tidy.findings import Finding

# (check, path): reason.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("columns", "apps/memcached/differential_test.py"):
        "conversations are read as they are sent, a line each",
    ("operating_system", "core/testing/require.cc"):
        "it finds out whether a machine has threads that are no cores",
    ("length", "core/net/memory_network_test.cc"):
        "one interface, a case each",
    ("length", "platform/linux/sockets/kernel_network_test.cc"):
        "one interface, a case each",
}

# (check, name): reason.
GLOBAL_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("mutable_global", "ebbrt::internal::(anonymous namespace)::told"):
        "a failed check ends the process, with all nodes that share it",
    ("mutable_global", "ebbrt::(anonymous namespace)::spare_stacks"):
        "memory of nodes that have ended, for the process's next ones",
    ("mutable_global", "ebbrt::mem::internal::process"):
        "malloc is the process's, whoever shares it",
    ("mutable_global",
     "ebbrt::loadgen::(anonymous namespace)::ValueBlock()::block"):
        "made once, and then the same for all",
    ("mutable_global", "ebbrt::platform::Simulation::current"):
        "which simulation the host thread runs: where it is, not what is there",
    ("mutable_global", "ebbrt::platform::SimRepresentatives::current"):
        "which core the host thread is: where it is, not what is there",
    ("mutable_global", "ebbrt::platform::SimRepresentatives::kNone"):
        "const; the compiler keeps what has a destructor where it can be "
        "written",
    ("mutable_global",
     "ebbrt::platform::(anonymous namespace)::faults_set"):
        "a test's wish for the simulations that its thread will make",
    ("mutable_global",
     "ebbrt::platform::(anonymous namespace)::extension_set"):
        "a test's wish for the simulations that its thread will make",
    ("mutable_global",
     "ebbrt::platform::(anonymous namespace)::last_history"):
        "of a simulation that has ended, for tests",
    ("mutable_global",
     "ebbrt::platform::(anonymous namespace)::signalled"):
        "a signal is the process's, with all nodes that share it",
    ("mutable_global",
     "ebbrt::platform::Sim::FillEntropy(std::span<std::byte, "
     "18446744073709551615ul>)::random"):
        "of a thread that is no core, as in a test's set-up",
}


def without_exceptions(findings: Iterable[Finding],
                       exceptions: dict[tuple[str, str], str],
                       ) -> list[Finding]:
    """The findings that nothing excuses, and exceptions without need."""
    left = []
    used = set()
    for finding in findings:
        key = (finding.check, finding.path)
        if key in exceptions:
            used.add(key)
        else:
            left.append(finding)
    for check, path in exceptions.keys() - used:
        left.append(Finding(path, 0, check, "is an exception without need"))
    return sorted(left)
