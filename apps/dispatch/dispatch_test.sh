#!/bin/bash
# Each target is called and answers; a wrong parameter is refused.
set -u
dispatch=$1
failed=0
for target in own home any; do
  parameters='{"target": "'$target'", "depth": 2, "warmup_s": 0.01,
               "duration_s": 0.05}'
  out=$("$dispatch" --cores=2 --parameters="$parameters") || failed=1
  if ! grep -q '"calls":[1-9]' <<< "$out"; then
    echo "$target: no calls in: $out"
    failed=1
  fi
done
"$dispatch" --parameters='{"target": "none"}'
if [[ $? -ne 2 ]]; then
  echo "a wrong target was not refused"
  failed=1
fi
exit $failed
