"""The applications and benchmarks of the source tree, and their Bazel labels."""

import re

from tools import paths
from tools.experiment.problems import DocumentError, unknown

# How Bazel is told which platform to build for; and what a name here means.
PLATFORM_FLAGS = {
    "linux": [],
    "sim": ["--config=sim"],
}

_APPLICATION = re.compile(
    r'ebbrt_(?:application|binary)\(\s*name = "([^"]+)"')
_TARGET = re.compile(r'^\w+\(\s*name = "([^"]+)"', re.MULTILINE)


def applications() -> dict[str, str]:
    """The label of each application, by the name that people use for it."""
    found = {}
    for build_file in sorted(paths.APPS.glob("*/BUILD.bazel")):
        folder = build_file.parent.name
        for name in _APPLICATION.findall(build_file.read_text()):
            found[name] = f"//apps/{folder}:{name}"
    return found


def application_label(name: str, place: str) -> str:
    """The label of an application, given so or by name. Raises DocumentError."""
    labels = applications()
    label = name if name.startswith("//") else labels.get(name)
    if label is None:
        raise DocumentError([unknown(place, "application", name, labels)])
    check_label(label, place)
    return label


def check_label(label: str, place: str) -> None:
    """Raises DocumentError where no BUILD file has the label's target."""
    package, _, name = label.removeprefix("//").partition(":")
    name = name or package.rpartition("/")[2]
    build_file = paths.ROOT / package / "BUILD.bazel"
    if not build_file.is_file():
        packages = [str(file.parent.relative_to(paths.ROOT))
                    for folder in ("apps", "core", "platform")
                    for file in (paths.ROOT / folder).rglob("BUILD.bazel")]
        raise DocumentError([unknown(place, "folder", package, packages)])
    targets = _TARGET.findall(build_file.read_text())
    if name not in targets:
        raise DocumentError([unknown(place, "target", name, targets)])
