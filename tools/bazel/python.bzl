"""How the Python of tools/ is tested: a unittest module a target."""

def python_test(name, srcs, deps = [], size = "small", tags = [], **kwargs):
    """A unittest module that ends with `main()` of tools/testing/main.py."""
    native.py_test(
        name = name,
        srcs = srcs,
        main = srcs[0],
        size = size,
        deps = deps + ["//tools/testing:main"],
        python_version = "PY3",
        tags = ["linux"] + tags,
        **kwargs
    )
