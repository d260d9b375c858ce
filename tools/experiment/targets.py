"""The applications and benchmarks of the source tree, as Bazel labels."""

import re

from tools import paths
from tools.experiment.problems import DocumentError, unknown
from tools.qemu import nics

# How Bazel is told which platform to build for; and what a name here means.
PLATFORM_FLAGS = {
    "linux": [],
    "baremetal": ["--config=baremetal"],
    "sim": ["--config=sim"],
}
# The networks of each, the one that it has by default first. A platform's name
# may say which one, as in "linux:tap".
NETWORKS = {
    "linux": ("sockets", "tap"),
    "baremetal": nics.MODELS,
    "sim": ("flow", "packet"),
}
PLATFORMS = tuple(name for platform, networks in NETWORKS.items()
                  for name in (platform, *(f"{platform}:{network}"
                                           for network in networks)))

_APPLICATION = re.compile(r'ebbrt_application\(\s*name = (?:"([^"]+)"|\w)')


def applications() -> dict[str, str]:
    """The label of each application, by the name that people use for it."""
    found = {}
    for build_file in sorted(paths.APPS.glob("*/BUILD.bazel")):
        folder = build_file.parent.name
        text = build_file.read_text()
        for match in _APPLICATION.finditer(text):
            names = [match[1]]
            if match[1] is None:
                # One rule for several variants, called FOLDER_VARIANT.
                names = re.findall(f'"({folder}(?:_\\w+)?)"', text)
            found.update({name: f"//apps/{folder}:{name}" for name in names})
    return found


def application_label(name: str, place: str) -> str:
    """An application's label, given it or its name. Raises DocumentError."""
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
    # A name may be computed, but is written somewhere.
    targets = dict.fromkeys(re.findall(r'"([\w.-]+)"',
                                       build_file.read_text()))
    if name not in targets:
        raise DocumentError([unknown(place, "target", name, targets)])
