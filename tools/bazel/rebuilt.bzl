"""A program once more, by other options of the compiler, in the same build: for
a test that compares what both do.
"""

_COPT = "//command_line_option:copt"
_LINKOPT = "//command_line_option:linkopt"

def _with_options_impl(settings, attr):
    return {
        _COPT: settings[_COPT] + attr.copts,
        _LINKOPT: settings[_LINKOPT] + attr.linkopts,
    }

_with_options = transition(
    implementation = _with_options_impl,
    inputs = [_COPT, _LINKOPT],
    outputs = [_COPT, _LINKOPT],
)

def _rebuilt_binary_impl(ctx):
    program = ctx.attr.program[0]  # A transition makes a list of it.
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = program[DefaultInfo].files_to_run.executable,
        is_executable = True,
    )
    return [DefaultInfo(
        executable = executable,
        runfiles = program[DefaultInfo].default_runfiles,
    )]

rebuilt_binary = rule(
    implementation = _rebuilt_binary_impl,
    doc = "`program` and all that it consists of, with further options.",
    executable = True,
    attrs = {
        "program": attr.label(mandatory = True, cfg = _with_options),
        "copts": attr.string_list(),
        "linkopts": attr.string_list(),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
