#!/bin/bash
# The program as its users meet it: memccapable passes, wrong parameters end it
# with exit code 2 and say why, it stops in good order with clients connected.
set -u
memcached=$1
failed=0
server=0

fail() {
  echo "FAILED: $*"
  failed=1
}

# start [ARGUMENT ...]: leaves the server's process in $server, its port in
# $port.
start() {
  exec 3< <(exec "$memcached" "$@" 2>&1)
  server=$!
  local line
  read -r -t 10 line <&3
  port=$(sed -n 's/^@ebbrt .*"port":\([0-9]*\).*/\1/p' <<<"$line")
  [ -n "$port" ] || fail "found \"$line\", expected a port"
}

# stop: asks the server to end, and expects exit code 0.
stop() {
  kill -TERM "$server"
  wait "$server"
  local code=$?
  exec 3<&-
  [ $code -eq 0 ] || fail "stopped with exit code $code"
}

# refuses PARAMETERS OUTPUT
refuses() {
  local found code
  found=$("$memcached" --parameters="$1" 2>&1)
  code=$?
  if [ $code -ne 2 ] || [[ $found != *"$2"* ]]; then
    fail "$1: found exit code $code and \"$found\", expected 2 and \"$2\""
  fi
}

for cores in 1 2; do
  start --cores=$cores --parameters='{"port": 0, "address": "127.0.0.1"}'
  for protocol in -a -b; do
    memccapable -h 127.0.0.1 -p "$port" -t 10 $protocol >memccapable.log 2>&1 ||
      fail "memccapable $protocol, $cores cores:" \
        "$(grep -v pass memccapable.log)"
    grep -q "All tests passed" memccapable.log || fail "memccapable $protocol"
  done
  # Stops while a client is connected, and has half a request sent.
  exec 4<>"/dev/tcp/127.0.0.1/$port"
  printf 'set a 0 0 100\r\nhalf' >&4
  stop
  exec 4<&-
done

start --parameters='{"port": 0, "address": "127.0.0.1"}'
parameters="{\"port\": $port, \"address\": \"127.0.0.1\"}"
found=$("$memcached" --parameters="$parameters" 2>&1)
code=$?
if [ $code -ne 1 ] || [[ $found != *"127.0.0.1:$port"* ]]; then
  fail "port in use: found exit code $code and \"$found\""
fi
stop

refuses '{"port": 70000}' 'parameters.port: found 70000, expected'
refuses '{"prot": 1}' 'the nearest is "port"'
refuses '{"memory_mib": 4}' 'parameters.memory_mib: found 4, expected'
refuses '{"memory_mib": 8, "item_size_max_bytes": 2000000}' \
  'at least 8 times item_size_max_bytes'
refuses '{"address": "nowhere"}' 'parameters.address: found "nowhere", expected'
exit $failed
