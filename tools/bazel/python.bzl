"""How the Python of tools/ is tested: a unittest module a target."""

def python_test(
        name,
        srcs,
        deps = [],
        data = [],
        args = [],
        size = "small",
        tags = [],
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
        tags = ["linux"] + tags,
        **kwargs
    )
