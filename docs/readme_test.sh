#!/bin/bash
# The README's first application prints its answer.
found=$("$1" 2>&1)
if [[ $? -ne 0 || $found != "42" ]]; then
  echo "found \"$found\", expected \"42\""
  exit 1
fi
