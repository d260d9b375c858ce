#!/bin/bash
# Our applications as nodes of one process, over the network of a fidelity:
#   sim_host_test.sh HOST OTHER_BUILD FIDELITY
# Nothing goes wrong, whatever links do, and two runs write the same bytes, also
# of another build.
set -u
host=$1
other_build=$2
fidelity=$3
document=$TEST_TMPDIR/document.json
failed=0

# Writes the document that standard input has, with the fidelity filled in.
write() { sed "s/FIDELITY/$fidelity/" > "$document"; }
fail() {
  echo "$1"
  failed=1
}
# What the host wrote, the other build writes.
compare_builds() {
  local other
  other=$("$other_build" "$document")
  [[ $1 == "$other" ]] || fail "without optimisation and with sanitizers one \
seed runs otherwise: $(diff <(echo "$1") <(echo "$other") | cut -c1-400 | head)"
}
# expect TEXT IN: it stands there.
expect() { [[ $2 == *"$1"* ]] || fail "found no $1 in: ${2:0:4000}"; }

# Our memcached, driven by our load generator, which looks at what it gets:
#   run_memcached FAULTS; the output is in $first.
run_memcached() {
  write <<END
{"seed": 7, "time_limit_s": 60,
 "network": {"fidelity": "FIDELITY", "rate_bps": 1e10, "delay_ns": 2000},
 "nodes": [
   {"role": "hello", "app": "hello", "cores": 2},
   {"role": "server", "app": "memcached", "service": true, "count": 2},
   {"role": "client", "app": "loadgen", "count": 6, "cores": 2,
    "parameters": {"server": "\${server.endpoint}", "records": 500,
                   "verify": true, "warmup_s": 0.001, "duration_s": 0.01}}],
 "faults": [$1]}
END
  first=$("$host" "$document") || fail "exit code $?"
  second=$("$host" "$document")
  [[ $first == "$second" ]] || fail "two runs of one seed differ"
  compare_builds "$first"
  expect 'hello: hello from core 1' "$first"
  expect '"errors":0' "$first"
  expect '"code":0,"event":"end","node":"server-1"' "$first"
  ! grep -q '"errors":[1-9]' <<< "$first" || fail "a client had errors"
  [[ $(grep -c '"event":"metrics"' <<< "$first") -eq 6 ]] ||
    fail "not every client reported"
  # What has to be the same on every machine and in every build.
  echo "history: $(grep -o '"history":"[0-9a-f]*"' <<< "$first")"
}
run_memcached ''
expect '"lost":0,' "$first"
run_memcached '{"kind": "impair", "node": "client", "loss": 0.02,
                "duplicate": 0.02, "corrupt": 0.01, "reorder": 0.1,
                "reorder_delay_ns": 20000}'
grep -q '"lost":[1-9]' <<< "$first" || fail "nothing was lost: ${first:0:4000}"

# The other applications with a network, each end ours.
write <<'END'
{"seed": 7, "time_limit_s": 60,
 "network": {"fidelity": "FIDELITY", "rate_bps": 1e10, "delay_ns": 2000},
 "nodes": [
   {"role": "pages", "app": "httpd", "service": true, "cores": 2,
    "parameters": {"pages": [{"path": "/", "bytes": 100000}]}},
   {"role": "reader", "app": "fetch", "count": 3,
    "parameters": {"server": "${pages.endpoint}", "bytes": 100000,
                   "connections": 4, "requests": 5}},
   {"role": "receiver", "app": "netpipe", "service": true,
    "parameters": {"last_bytes": 100000}},
   {"role": "transmitter", "app": "netpipe",
    "parameters": {"mode": "transmitter", "server": "${receiver.endpoint}",
                   "last_bytes": 100000, "repeats": 3, "verify": true}},
   {"role": "sink", "app": "iperf", "service": true, "cores": 2},
   {"role": "source", "app": "iperf", "count": 3, "cores": 2,
    "parameters": {"mode": "client", "server": "${sink.endpoint}",
                   "bytes": 1000000, "connections": 3,
                   "message_bytes": 1000}}]}
END
others=$("$host" "$document") || fail "exit code $?"
compare_builds "$others"
for expected in '"wrong_messages":0' '"measurements":1' '"bytes":3000000' \
                '"connections_failed":0' '"responses":60' '"fetched":20'; do
  expect "$expected" "$others"
done
# A one-way latency is no less than that of the two wires; and not much more,
# where cores do not wake late (EBBRT_SIM_FAULTS).
latency=$(grep -o '"latency_ns":[0-9]*' <<< "$others" | head -1 | cut -d: -f2)
if (( latency < 4000 )) ||
    { (( latency > 6000 )) && [[ -z ${EBBRT_SIM_FAULTS-} ]]; }; then
  fail "found a latency of $latency ns over wires of 4000"
fi
exit $failed
