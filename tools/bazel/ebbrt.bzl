"""The rules in which the project is written.

They add the warnings (all of them errors), the allocator and the test driver,
so that a BUILD file names only what is particular to its target.
"""

_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-unused-parameter",
    "-Wno-interference-size",
    "-Wno-unknown-warning-option",
]

# Of libraries whose structures a debugger's scripts read (ebbrt.py); of all
# others it knows functions and lines.
DEBUGGER_TYPES = ["-g2"]

# What a binary gets in place of the system's malloc; the system's own under
# the sanitizers, which bring theirs.
_MALLOC = "//core/mem:malloc"

# On bare metal a program is an image: stock compiler and libraries, linked in
# one place. The frames for exceptions are found by their table, not registered
# at the start, which would have the first exception sort all of them.
_IMAGE_LAYOUT = "//platform/baremetal:image.ld"
_IMAGE = {
    "additional_linker_inputs": select({
        "//platform:is_baremetal": [_IMAGE_LAYOUT],
        "//conditions:default": [],
    }),
}
_IMAGE_LINKOPTS = select({
    "//platform:is_baremetal": [
        "-static",
        "-no-pie",
        "-Wl,-T,$(location %s)" % _IMAGE_LAYOUT,
        "-Wl,--eh-frame-hdr,--gc-sections",
        "-Wl,--wrap=__register_frame_info,--wrap=__deregister_frame_info",
        "-Wl,-z,norelro,-z,max-page-size=4096,--build-id=none",
        # Of getaddrinfo, which GoogleTest has and nobody calls.
        "-Wl,--no-warnings",
    ],
    "//conditions:default": [],
})

def ebbrt_library(name, copts = [], **kwargs):
    """A library of core, of a platform, or of an application.

    Never a shared object: a program is one image, and code relies on it
    (platform/linux/thread_state.h).
    """
    native.cc_library(name = name, copts = _COPTS + copts, linkstatic = True, **kwargs)

def ebbrt_binary(name, copts = [], **kwargs):
    """A program of this project that is not an application (tools, probes)."""
    native.cc_binary(
        name = name,
        copts = _COPTS + copts,
        linkopts = _IMAGE_LINKOPTS,
        malloc = _MALLOC,
        **dict(kwargs, **_IMAGE)
    )

def ebbrt_test(name, deps = [], copts = [], size = "small", platform = None, **kwargs):
    """A GoogleTest program. Each of its test cases may bring up a machine.

    It runs on the platform that the build is for. A test that means something
    on one platform only names it: platform = "sim"; builds for others skip it.
    """
    if platform:
        kwargs["target_compatible_with"] = select({
            "//platform:is_" + platform: [],
            "//conditions:default": ["@platforms//:incompatible"],
        })
    native.cc_test(
        name = name,
        copts = _COPTS + copts,
        linkopts = _IMAGE_LINKOPTS,
        malloc = _MALLOC,
        size = size,
        deps = deps + ["//core/testing:main", "@gtest"],
        **dict(kwargs, **_IMAGE)
    )

def ebbrt_fuzzer(name, deps = [], copts = [], corpus = [], **kwargs):
    """A libFuzzer target, which `--config=fuzz` builds and no other does.

    As a test it starts from the files of `corpus`, always with the same seed,
    and lasts ten seconds: bazel test --config=fuzz //core/buf:iobuf_chain_fuzzer
    To search for longer: ./ebbrt fuzz --runs 10000000 //core/buf:all
    """
    seeds = ",".join(["$(location %s)" % file for file in corpus])
    native.cc_test(
        name = name,
        args = ["-max_total_time=10", "-seed=2"] + (["-seed_inputs=" + seeds] if seeds else []),
        copts = _COPTS + copts,
        data = corpus,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["fuzzer"],
        target_compatible_with = select({
            "//tools/bazel:is_fuzzing": [],
            "//conditions:default": ["@platforms//:incompatible"],
        }),
        deps = deps,
        **kwargs
    )

def ebbrt_benchmark(name, deps = [], copts = [], **kwargs):
    """A Google Benchmark program."""
    native.cc_binary(
        name = name,
        testonly = True,
        copts = _COPTS + copts,
        linkopts = _IMAGE_LINKOPTS,
        malloc = _MALLOC,
        deps = deps + ["//core/testing:benchmark_main", "@benchmark"],
        **dict(kwargs, **_IMAGE)
    )

def ebbrt_application(
        name,
        srcs,
        deps = [],
        copts = [],
        malloc = _MALLOC,
        network = True,
        visibility = ["//visibility:public"],
        **kwargs):
    """An application: the program that the build's platform runs.

    Sources register their entry point with EBBRT_APPLICATION
    (core/app/application.h); this rule adds the platform's `main`, and its
    networks: `network = False` if it asks for none, as an image is smaller
    without. NAME_library is for the simulator, which hosts several
    (apps/BUILD.bazel).
    """
    native.cc_library(
        name = name + "_library",
        srcs = srcs,
        copts = _COPTS + copts,
        linkstatic = True,
        alwayslink = True,
        deps = deps + ["//core/app"],
        visibility = visibility,
    )
    native.cc_binary(
        name = name,
        linkopts = _IMAGE_LINKOPTS,
        malloc = malloc,
        deps = [
            name + "_library",
            "//core/app:main",
            "//platform:network" if network else "//platform:no_network",
        ],
        visibility = visibility,
        **dict(kwargs, **_IMAGE)
    )
