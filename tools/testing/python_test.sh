#!/bin/bash
# Runs a unittest module; see tools/bazel/python.bzl.
export PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1
export HOME=$TEST_TMPDIR MPLCONFIGDIR=$TEST_TMPDIR/matplotlib
exec /usr/bin/python3 "$@"
