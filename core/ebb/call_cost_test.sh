#!/bin/bash
# Counts the instructions of Ebb calls in the compiler's output: an inlined one
# costs at most two instructions and a branch more than a direct member call.
set -u
failed=0

# Instructions on the path that is taken, with the frame's own: up to the
# return or the tail call; what follows is the miss.
path_of() {
  objdump -d --no-show-raw-insn --no-addresses "$archive" |
    awk -v name="<$1>:" '
      $0 == name { inside = 1; next }
      /^$/ { inside = 0 }
      inside && !/nop|endbr64/ { print }
      inside && /^\t(ret|jmp)/ { exit }'
}
count_of() { path_of "$1" | wc -l; }

archive=$1
direct=$(count_of direct_inline)
if [[ $direct -lt 2 ]]; then
  echo "direct_inline: found $direct instructions: is $archive disassembled?"
  exit 1
fi
for call in ebb_inline static_ebb_inline; do
  found=$(count_of $call)
  if [[ $found -gt $((direct + 3)) ]]; then
    echo "$call: found $found instructions, expected at most" \
      "$direct + 2 and a branch:"
    path_of $call
    failed=1
  fi
done
for call in direct_inline ebb_inline static_ebb_inline direct_call \
  virtual_call ebb_call; do
  echo "$call: $(count_of $call)"
  path_of $call
done
exit $failed
