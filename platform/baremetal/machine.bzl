"""The rule for the machine's own code: what runs before the C library does, in
system calls, and in exceptions.

Vector registers are somebody else's there, thread-local storage may not be up,
and a call of the C library may reach what is not relocated yet.
"""

load("//tools/bazel:ebbrt.bzl", "ebbrt_library")

_COPTS = [
    "-mgeneral-regs-only",
    "-fno-stack-protector",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-threadsafe-statics",
    "-fno-tree-loop-distribute-patterns",
    "-fcf-protection=none",
    "-fno-pie",
    "-mno-red-zone",
    "-U_FORTIFY_SOURCE",
    "-include",
    "platform/baremetal/freestanding.h",
]

def machine_library(name, hdrs = [], copts = [], **kwargs):
    ebbrt_library(
        name = name,
        hdrs = hdrs + ["freestanding.h"],
        copts = _COPTS + copts,
        target_compatible_with = select({
            "//platform:is_baremetal": [],
            "//conditions:default": ["@platforms//:incompatible"],
        }),
        **kwargs
    )
