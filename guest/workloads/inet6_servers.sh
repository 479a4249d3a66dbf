# SPDX-License-Identifier: MIT
# Servers that listen for IPv6, or for both versions at once, and clients that reach them by either: nginx, redis, Python's
# web server, socat. Needs nginx, curl, redis-server, redis-cli, python3, socat and busybox.
port=$((40000 + $$ % 10000))
directory=/tmp/inet6.$$
mkdir -p $directory
cat >$directory/nginx.conf <<END
worker_processes 1;
daemon off;
pid $directory/pid;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $directory/body;
    proxy_temp_path $directory/proxy;
    fastcgi_temp_path $directory/fastcgi;
    uwsgi_temp_path $directory/uwsgi;
    scgi_temp_path $directory/scgi;
    server {
        listen [::]:$port ipv6only=off;
        location /who { return 200 "you are \$remote_addr\n"; }
        location /proxy { proxy_pass http://[::1]:$port/who; }
    }
}
END
nginx -e $directory/log -p $directory -c $directory/nginx.conf -g 'user root;' &
server=$!
until curl -s "http://[::1]:$port/who" >/dev/null; do sleep 0.05; done
curl -s "http://[::1]:$port/who" "http://127.0.0.1:$port/who" "http://[::ffff:127.0.0.1]:$port/who"
curl -s "http://localhost:$port/proxy"
kill -QUIT $server
wait $server
echo "nginx ended with $?"
redis-server --port $port --bind ::1 --save '' --appendonly no --logfile $directory/log --dir $directory &
server=$!
until redis-cli -h ::1 -p $port ping >/dev/null 2>&1; do sleep 0.05; done
redis-cli -h ::1 -p $port set greeting 'hello by IPv6'
redis-cli -h ::1 -p $port get greeting
redis-cli -h 127.0.0.1 -p $port ping 2>/dev/null || echo "not by IPv4"
redis-cli -h ::1 -p $port shutdown nosave
wait $server
echo "redis ended with $?"
echo "a file" >$directory/file.txt
python3 -m http.server --bind :: --directory $directory $port >/dev/null 2>&1 &
server=$!
until curl -s "http://[::1]:$port/file.txt" >/dev/null; do sleep 0.05; done
curl -s "http://[::1]:$port/file.txt" "http://127.0.0.1:$port/file.txt"
kill $server
{ wait $server; } 2>/dev/null
socat TCP6-LISTEN:$port,reuseaddr,bind=[::1] SYSTEM:'read line; echo "got $line from $SOCAT_PEERADDR"' &
server=$!
until echo question | socat - TCP6:[::1]:$port 2>/dev/null; do sleep 0.05; done
wait $server
echo "socat ended with $?"
python3 - <<'END'
import socket
print(sorted({(family, place[0]) for family, _, _, _, place in socket.getaddrinfo("::1", 80)}))
with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
    for family, name in ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")):
        with socket.socket(family) as client:
            client.connect((name, server.getsockname()[1]))
            print(server.accept()[1][0])
END
rm -r $directory
