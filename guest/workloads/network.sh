# SPDX-License-Identifier: MIT
# What busybox alone can do over the loopback interface.
port=$((50000 + $$ % 10000))
directory=/tmp/network.$$
mkdir -p $directory
busybox seq 1 20000 >$directory/numbers.txt
busybox httpd -f -p 127.0.0.1:$port -h $directory &
server=$!
until busybox wget -q -O /dev/null http://127.0.0.1:$port/numbers.txt 2>/dev/null; do sleep 0.05; done
busybox wget -q -O - http://127.0.0.1:$port/numbers.txt | busybox md5sum
busybox wget -q -O - http://127.0.0.1:$port/missing 2>&1 || echo "wget ended with $?"
busybox netstat -tln 2>/dev/null | busybox grep -c "127.0.0.1:$port .*LISTEN"
kill $server
{ wait $server; } 2>/dev/null  # some shells tell how it ended, some of the time
busybox nc -l -p $((port + 1)) >$directory/got.txt <$directory/numbers.txt &
until { echo question; sleep 0.3; } | busybox nc 127.0.0.1 $((port + 1)) >$directory/answer.txt 2>/dev/null; do :; done
wait
busybox cat $directory/got.txt
busybox md5sum <$directory/answer.txt
busybox nc 127.0.0.1 $((port + 2)) </dev/null 2>&1 | busybox sed 's/[0-9]\{5\}/PORT/'
busybox ifconfig lo | busybox grep -o 'inet addr:[0-9.]*\|Mask:[0-9.]*\|MTU:[0-9]*'
rm -r $directory
