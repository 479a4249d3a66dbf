# SPDX-License-Identifier: MIT
# redis-server with its client and its benchmark over TCP and AF_UNIX. Needs redis-server, redis-cli,
# redis-benchmark and sed.
port=$((20000 + $$ % 10000))
directory=/tmp/redis.$$
mkdir -p $directory
redis-server --port $port --bind 127.0.0.1 --unixsocket $directory/socket --save '' --appendonly no \
    --logfile $directory/log --dir $directory &
server=$!
until redis-cli -p $port ping >/dev/null 2>&1; do sleep 0.05; done
redis-cli -p $port ping
redis-cli -p $port set greeting 'hello world'
redis-cli -p $port get greeting
redis-cli -s $directory/socket rpush list one two three
redis-cli -s $directory/socket lrange list 0 -1
redis-cli -p $port incr counter
redis-cli -p $port get list
printf 'multi\nincr counter\nincr counter\nexec\n' | redis-cli -p $port
redis-cli -p $port eval 'return {1, ARGV[1], redis.call("get", "counter")}' 0 argument
redis-cli -p $port config set maxclients 20
redis-benchmark -p $port -n 200 -c 5 -q -t set,get,lpush | sed 's/:.*//'
redis-benchmark -s $directory/socket -n 200 -c 2 -P 10 -q -t ping | sed 's/:.*//'
redis-cli -p $port dbsize
redis-cli -p $port save
redis-cli -p $port shutdown nosave
wait $server
echo "server ended with $?"
rm -r $directory
