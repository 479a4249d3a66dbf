# SPDX-License-Identifier: MIT
# nginx with two clients: pages from memory and from files, ranges, errors, many requests on one
# connection, a reload. Needs nginx, curl, and busybox's applets.
port=$((30000 + $$ % 10000))
directory=/tmp/nginx.$$
mkdir -p $directory/www
busybox seq 1 30000 >$directory/www/numbers.txt
cat >$directory/nginx.conf <<END
worker_processes 1;
daemon off;
pid $directory/pid;
events { worker_connections 64; }
http {
    access_log off;
    sendfile on;
    client_body_temp_path $directory/body;
    proxy_temp_path $directory/proxy;
    fastcgi_temp_path $directory/fastcgi;
    uwsgi_temp_path $directory/uwsgi;
    scgi_temp_path $directory/scgi;
    server {
        listen 127.0.0.1:$port;
        location / { root $directory/www; }
        location /hello { return 200 "hello from nginx\n"; }
        location /proxy/ { proxy_pass http://127.0.0.1:$port/; }
    }
}
END
nginx -e $directory/log -p $directory -c $directory/nginx.conf -g 'user root;' &
server=$!
url=http://127.0.0.1:$port
until curl -s $url/hello >/dev/null; do sleep 0.05; done
curl -s $url/hello $url/hello
busybox wget -q -O - $url/hello
curl -s $url/numbers.txt | busybox md5sum
curl -s $url/proxy/numbers.txt | busybox md5sum
curl -s -r 100-149 $url/numbers.txt | busybox md5sum
curl -s -o /dev/null -w '%{http_code} %{size_download}\n' $url/numbers.txt $url/missing
curl -s -I $url/numbers.txt | busybox grep -c Content-Length
busybox wget -q -O - $url/missing 2>&1 || echo "wget ended with $?"
for i in $(busybox seq 1 20); do
    curl -s $url/numbers.txt | busybox md5sum
done | busybox uniq -c
kill -HUP $server
sleep 0.2
curl -s $url/hello
kill -QUIT $server
wait $server
echo "server ended with $?"
rm -r $directory
