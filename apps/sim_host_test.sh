#!/bin/bash
# Our memcached, driven by our load generator, as nodes of one process: nothing
# goes wrong, and two runs write the same bytes, also of another build.
set -u
host=$1
other_build=$2
document=$TEST_TMPDIR/document.json
cat > "$document" <<'END'
{"seed": 7, "time_limit_s": 60,
 "network": {"rate_bps": 1e10, "delay_ns": 2000},
 "nodes": [
   {"role": "hello", "app": "hello", "cores": 2},
   {"role": "server", "app": "memcached", "service": true, "count": 2},
   {"role": "client", "app": "loadgen", "count": 6, "cores": 2,
    "parameters": {"server": "${server.endpoint}", "records": 500,
                   "verify": true, "warmup_s": 0.001, "duration_s": 0.01}}],
 "faults": [{"kind": "impair", "node": "client-0", "reorder": 0.1,
             "reorder_delay_ns": 20000}]}
END
failed=0
first=$("$host" "$document") || { echo "exit code $?"; failed=1; }
second=$("$host" "$document")
if [[ $first != "$second" ]]; then
  echo "two runs of one seed differ"
  failed=1
fi
compare_builds() {  # What the host wrote.
  if [[ $1 != "$("$other_build" "$document")" ]]; then
    echo "without optimisation and with sanitizers one seed runs otherwise:"
    diff <(echo "$1") <("$other_build" "$document") | cut -c1-400 | head -20
    failed=1
  fi
}
compare_builds "$first"
for expected in "hello: hello from core 1" '"errors":0' \
                '"code":0,"event":"end","node":"server-1"'; do
  if [[ $first != *"$expected"* ]]; then
    echo "found no $expected in: ${first:0:4000}"
    failed=1
  fi
done
if grep -q '"errors":[1-9]' <<< "$first"; then
  echo "a client had errors"
  failed=1
fi
if [[ $(grep -c '"event":"metrics"' <<< "$first") -ne 6 ]]; then
  echo "not every client reported"
  failed=1
fi
# The other applications with a network, each end ours.
cat > "$document" <<'END'
{"seed": 7, "time_limit_s": 60,
 "network": {"rate_bps": 1e10, "delay_ns": 2000},
 "nodes": [
   {"role": "pages", "app": "httpd", "service": true, "cores": 2},
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
others=$("$host" "$document") || { echo "exit code $?"; failed=1; }
compare_builds "$others"
for expected in '"wrong_messages":0' '"measurements":1' '"bytes":3000000' \
                '"connections_failed":0' '"responses":0'; do
  if [[ $others != *"$expected"* ]]; then
    echo "found no $expected in: ${others:0:4000}"
    failed=1
  fi
done
# A one-way latency is no less than the wire's, and not much more.
latency=$(grep -o '"latency_ns":[0-9]*' <<< "$others" | head -1 | cut -d: -f2)
if (( latency < 2000 || latency > 20000 )); then
  echo "found a latency of $latency ns over a wire of 2000"
  failed=1
fi
# What has to be the same on every machine and in every build.
echo "history: $(grep -o '"history":"[0-9a-f]*"' <<< "$first")"
exit $failed
