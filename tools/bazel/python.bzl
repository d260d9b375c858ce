"""How the Python of tools/ is tested: a unittest module a target."""

def python_test(
        name,
        srcs,
        deps = [],
        data = [],
        args = [],
        size = "small",
        tags = ["linux"],
        **kwargs):
    """A unittest module that ends with `main()` of tools/testing/main.py.

    It is a shell test because Bazel 4.2's py_test asks for a program "python",
    which Debian does not have.
    """
    native.sh_test(
        name = name,
        srcs = ["//tools/testing:python_test.sh"],
        args = ["$(rootpath %s)" % srcs[0]] + args,
        data = srcs + data + deps + ["//tools/testing:main"],
        size = size,
        tags = tags,
        **kwargs
    )

def simulation_test(name, subjects, data = [], args = [], **kwargs):
    """A unittest module about programs that simulate, its first arguments.

    It is for --config=sim, which they are built for.
    """
    python_test(
        name = name,
        args = ["$(rootpath %s)" % subject for subject in subjects] + args,
        data = subjects + data,
        tags = [],
        target_compatible_with = select({
            "//platform:is_sim": [],
            "//conditions:default": ["@platforms//:incompatible"],
        }),
        **kwargs
    )

def image_test(name, subject, data = [], args = [], tags = [], **kwargs):
    """A unittest module about a bare-metal image, which it gets as argument.

    It is a program of this machine, which runs the image as it sees fit. So it
    is for --config=images, not for --config=baremetal, which would have QEMU
    run the test itself.
    """
    python_test(
        name = name,
        args = ["$(rootpath %s)" % subject] + args,
        data = [subject] + data,
        tags = ["linux", "image"] + tags,
        target_compatible_with = select({
            "//platform:is_baremetal": [],
            "//conditions:default": ["@platforms//:incompatible"],
        }),
        **kwargs
    )
