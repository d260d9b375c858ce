#!/bin/bash
# The load generator against the system's memcached, over the loopback device.
set -u
loadgen=$1
directory=$(mktemp -d)
failed=0
server=

stop_server() {
  [[ -z $server ]] && return
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=
}
trap 'stop_server; rm -r "$directory"' EXIT

# A port that was free a moment ago.
free_port() {
  python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_server() {
  local attempt
  for attempt in 1 2 3 4 5; do
    port=$(free_port)
    memcached -u "$(id -un)" -l 127.0.0.1 -p "$port" -U 0 -t 1 -m 64 &
    server=$!
    local wait
    for wait in {1..100}; do
      kill -0 "$server" 2>/dev/null || break
      (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
      sleep 0.05
    done
    stop_server
  done
  echo "memcached does not start"
  exit 1
}

fail() {
  echo "$1"
  cat "$directory/output"
  failed=1
}

# expect NAME EXIT_CODE TEXT PARAMETERS [CONDITION]: runs the generator; the
# condition is one of Python on its metrics `m`.
expect() {
  "$loadgen" --cores=2 --parameters="$4" >"$directory/output" 2>&1
  local code=$?
  [[ $code -eq $2 ]] || fail "$1: found exit code $code, expected $2"
  grep -qF "$3" "$directory/output" || fail "$1: expected \"$3\" in"
  [[ $# -lt 5 ]] && return
  python3 - "$directory/output" "$5" <<'PYTHON' || fail "$1: expected $5 of"
import json, sys
lines = [json.loads(line[len("@ebbrt "):]) for line in open(sys.argv[1])
         if line.startswith("@ebbrt ")]
found = [line["metrics"] for line in lines if line["event"] == "metrics"]
sys.exit(0 if len(found) == 1 and eval(sys.argv[2], {"m": found[0]}) else 1)
PYTHON
}

start_server
short='"records": 500, "warmup_s": 0.05, "duration_s": 0.3, "verify": true'
at="\"server\": \"127.0.0.1:$port\""
clean='m["errors"] == 0 and m["misses"] == 0 and m["hits"] > 100'
for protocol in binary text; do
  expect "closed, $protocol" 0 '"event":"metrics"' \
    "{$at, $short, \"protocol\": \"$protocol\", \"set_fraction\": 0.2}" \
    "$clean and m['sets'] > 10 and m['connections_open'] == 16"
  expect "open, $protocol" 0 '"event":"metrics"' \
    "{$at, $short, \"protocol\": \"$protocol\", \"mode\": \"open\",
      \"rate_rps\": 2000}" "$clean and m['target_rps'] == 2000"
done
expect "large values" 0 '"event":"metrics"' \
  "{$at, $short, \"records\": 20, \"values\": 300000, \"set_fraction\": 0.5}" \
  'm["errors"] == 0 and m["bytes_received"] > 300000'
expect "search" 0 '"event":"metrics"' \
  "{$at, $short, \"mode\": \"search\", \"rate_rps\": 3000,
    \"sla\": {\"percentile\": 50, \"latency_ns\": 50000000}}" \
  'm["search"]["rate_rps_at_sla"] == 3000 and len(m["search"]["steps"]) == 1'
# The server goes in the middle: what was measured is reported, and why the run
# ended.
(sleep 1 && kill -9 "$server") &
expect "server killed" 1 "127.0.0.1:$port: no connection in 10 attempts" \
  "{$at, $short, \"duration_s\": 2}" 'm["connections_lost"] == 16 and m["hits"]'
wait
server=
expect "server absent" 1 "127.0.0.1:$port: no connection in 10 attempts" "{$at}"
exit $failed
