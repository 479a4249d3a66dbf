#!/bin/sh
# SPDX-License-Identifier: MIT
# A morning's work of a small server, for a busybox shell: logs are written, sorted, counted, hashed,
# compressed and searched, by many short processes and pipes. Needs no file but itself and writes below
# /tmp only. What it prints depends on nothing but this text.
set -eu

work=/tmp/ringfence-shell.$$
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/logs" "$work/archive"
cd "$work"

# One log for each host: numbers from a linear congruential generator, so that every host has others.
write_log() {
    awk -v seed="$1" -v lines="$2" 'BEGIN {
        split("login logout read write stat open close fork", verbs, " ")
        x = seed
        for (i = 1; i <= lines; i++) {
            x = (x * 1103515245 + 12345) % 2147483648
            verb = verbs[int(x / 65536) % 8 + 1]
            printf "%05d user%02d %s %d\n", i, int(x / 1024) % 37, verb, x % 5000
        }
    }'
}

echo "== writing"
for host in 1 2 3 4; do
    write_log "$host" 250 >"logs/host$host.log"
done
wc -l logs/*.log

echo "== counting verbs"
cat logs/*.log | cut -d ' ' -f 3 | sort | uniq -c | sort -rn

echo "== busiest users"
cat logs/*.log |
    awk '{ bytes[$2] += $4; calls[$2]++ } END { for (u in bytes) print bytes[u], calls[u], u }' |
    sort -rn | head -n 5

echo "== searching"
grep -c ' fork ' logs/*.log
grep -h 'user07 login' logs/*.log | sed 's/ user07 / somebody /' | tail -n 3
find logs -type f -name '*.log' | sort | while read -r file; do
    printf '%s %s\n' "$(basename "$file" .log)" "$(grep -c user01 "$file")"
done

echo "== hashing"
for file in logs/*.log; do
    sha256sum "$file"
done
cat logs/*.log | md5sum | cut -d ' ' -f 1

echo "== compressing"
for file in logs/*.log; do
    name=$(basename "$file")
    gzip -c "$file" >"archive/$name.gz"
    gunzip -c "archive/$name.gz" | cmp - "$file" && echo "$name survives a round trip"
done
tar cf - logs | gzip | gunzip | tar tf - | sort

echo "== many small processes"
count=0
while [ "$count" -lt 60 ]; do
    [ "$(expr "$count" % 7)" -eq 3 ] && /bin/busybox true
    (exit 0)
    count=$((count + 1))
done
echo "$count rounds"
seq 1 200 | xargs -n 20 echo | wc -l

echo "== failing as it should"
false || echo "false gave $?"
sh -c 'kill -KILL $$' || echo "killed: $?"
cat /nonexistent 2>/dev/null || echo "cat gave $?"
