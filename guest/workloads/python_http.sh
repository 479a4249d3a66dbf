# SPDX-License-Identifier: MIT
# Python's own web server with a client in Python: threads, sockets, select. Needs python3 and busybox.
port=$((20000 + $$ % 10000))
directory=/tmp/http.$$
mkdir -p $directory
busybox seq 1 20000 >$directory/numbers.txt
cd $directory
python3 -m http.server --bind 127.0.0.1 $port >/dev/null 2>&1 &
server=$!
python3 - $port <<'END'
import hashlib, sys, time, urllib.error, urllib.request
url = f"http://127.0.0.1:{sys.argv[1]}/"
while True:
    try:
        body = urllib.request.urlopen(url + "numbers.txt").read()
        break
    except urllib.error.URLError:
        time.sleep(0.05)
print(len(body), hashlib.sha256(body).hexdigest())
try:
    urllib.request.urlopen(url + "missing")
except urllib.error.HTTPError as error:
    print(error.code, error.reason)
END
kill $server
{ wait $server; } 2>/dev/null  # some shells tell how it ended, some of the time
echo "server ended with $?"
rm -r $directory
