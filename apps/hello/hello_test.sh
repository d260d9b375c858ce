#!/bin/bash
# The first application greets from each core, and exits as it should.
set -u
hello=$1
failed=0

# expect NAME EXIT_CODE OUTPUT [ARGUMENT ...]
expect() {
  local name=$1 code=$2 output=$3
  shift 3
  local found
  found=$("$hello" "$@" 2>&1)
  local found_code=$?
  if [[ $found_code -ne $code || $found != *"$output"* ]]; then
    echo "$name: found exit code $found_code and \"$found\"," \
         "expected $code and \"$output\""
    failed=1
  fi
}

expect "one core" 0 "hello from core 0"
expect "two cores" 0 $'hello from core 0\nhello from core 1' --cores=2
expect "help" 0 "usage: hello" --help
expect "wrong option" 2 'hello: --cores: found "x", expected' --cores=x
expect "unknown option" 2 'the nearest is --cores' --core=2
exit $failed
