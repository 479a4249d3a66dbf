# SPDX-License-Identifier: MIT
# iperf3 with itself: TCP one way, back and with several connections, and UDP. Needs iperf3 and busybox.
port=$((40000 + $$ % 10000))
iperf3 -s -B 127.0.0.1 -p $port >/dev/null 2>&1 &
server=$!
measure() {
    iperf3 -c 127.0.0.1 -p $port "$@" | busybox grep 'iperf Done'
    echo "client ended with $?"
}
until iperf3 -c 127.0.0.1 -p $port -n 1K >/dev/null 2>&1; do sleep 0.05; done
measure -n 2M
measure -n 1M -R
measure -n 1M -P 3
measure -n 200K -l 100
measure -n 100K -u -b 1G
iperf3 -c 127.0.0.1 -p $((port + 1)) -n 1K 2>&1 | busybox sed 's/[0-9]\{5\}/PORT/g'
kill $server
{ wait $server; } 2>/dev/null  # some shells tell how it ended, some of the time
