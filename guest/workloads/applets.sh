# SPDX-License-Identifier: MIT
# Every applet of busybox that a machine without disks, other machines and privileges of hardware can run: what it prints
# and how it ends is the same everywhere. Works in a folder of its own, which it leaves empty.
B=/bin/busybox
export TZ=UTC0 LC_ALL=C
umask 022
here=$($B mktemp -d) && cd "$here" || exit 99

# Runs an applet, and says how it ended.
t() {
    echo "== $*"
    $B "$@" 2>&1
    echo "-> $?"
}
# The same for what says something different each time: only how it ends.
quietly() {
    echo "== $*"
    $B "$@" >/dev/null 2>&1
    echo "-> $?"
}

$B seq 1 20 >numbers
printf 'pear\napple\nfig\napple\n\nquince  and\ttab\n' >words
printf 'one\r\ntwo\r\n' >dos
$B dd if=/dev/zero of=zeros bs=1000 count=5 2>/dev/null
$B mkdir -p tree/a/b tree/c
echo x >tree/a/x
echo yy >tree/a/b/yy
$B touch -d '2020-02-03 04:05:06' numbers words dos zeros tree/a/x tree/a/b/yy tree/a/b tree/a tree/c tree

# Text
t cat words numbers
t tac words
t rev words
t nl words
t head -n 3 numbers
t head -c 7 numbers
t tail -n 3 numbers
t tail -n +18 numbers
t sort words
t sort -rn numbers
t sort -u -k 1.2 words
t uniq -c words
t wc words numbers
t wc -c zeros
t cut -c 2-4 words
t cut -d ' ' -f 1 words
t paste -d , numbers words
t tr a-f A-F <words
t tr -d '\n' <numbers
t fold -w 7 words
t expand -t 4 words
t unexpand -a -t 4 words
t sed -n -e 's/\(.\)p/<\1>/p' -e '/q/{=;p}' words
t sed '2,3d;$a end' words
t grep -n app words
t grep -c -v a words
t egrep 'e(ar|nd)?$' words
t fgrep -x fig words
t awk '{ n[length($0)]++ } END { for (i = 0; i < 20; i++) if (i in n) print i, n[i] }' words
t awk 'BEGIN { printf "%.6f %d %s\n", sin(1), 7 / 2, toupper("abc"); print substr("hello", 2, 3) }'
t awk -F 'a' '{ print NF, $1 }' words
t strings words
t diff words numbers
t diff -u words words
t cmp words numbers
t cmp words words
printf '1c\nbanana\n.\nw\nq\n' | t ed words
t head -n 1 words
t more words
t less words
t shuf -n 0 words
$B shuf -i 1-50 | t sort -n
t xargs -n 3 echo <words
t xargs -I X echo '<X>' <numbers
t tee copy <words
t yes n | $B head -n 2
t dos2unix <dos
t unix2dos <words
t truncate -s 12 copy
t ts -s '%S' </dev/null
t hexdump -C words
t hexdump -e '4/1 "%02x " "\n"' dos
t od -c dos
t od -A x -t x4 numbers
t xxd words
t xxd -p dos

# Files
t ls tree
t ls -laR --color=never tree/a/x tree/a/b/yy
t ls -1p tree/a
t find tree -type f -name '?*'
t find tree -name x -exec echo found {} ';'
t stat -c '%n %s %a %F %u' words zeros
t chmod 600 words
t stat -c %a words
t chmod -R u+x,g-r tree
t stat -c %A tree/a/x
t chown 0:0 words
t chgrp 0 words
t cp words words.2
t cp -r tree tree.2
t mv words.2 words.3
t ln words.3 words.4
t ln -s words.4 link
t link words.3 words.5
t unlink words.5
t readlink link
t stat -c %h words.3
t rm words.3 words.4 link
t rm nothing
t rm -rf tree.2
t mkdir made
t mkdir made
t rmdir made
t mkfifo pipe
t mknod pipe.2 p
t stat -c %F pipe pipe.2
t rm pipe pipe.2
t touch -d '2001-02-03 04:05:06' dated
t stat -c %y dated
t date -u -r dated
t fallocate -l 3000 allocated
t stat -c %s allocated
t shred -u allocated
t dd if=numbers bs=5 skip=2 count=3
t dd if=/dev/zero of=dated bs=512 count=2 conv=notrunc
t basename /a/b.c .c
t dirname /a/b/c
t realpath /tmp/../tmp/./
t test -s words -a ! -d words
t [ 3 -gt 4 ]
t [[ abc = a* ]]
t tar cf all.tar words numbers tree/a/b/yy tree/c
t tar tf all.tar
t rm -r tree
t tar xf all.tar
t cat tree/a/b/yy
$B tar cf - words | t tar xOf -
echo words | t cpio -o -H newc -F all.cpio
t cpio -t -F all.cpio
t rpm2cpio words
t ar t words
printf '%s' '--- a/numbers
+++ b/numbers
@@ -1,3 +1,3 @@
 1
-2
+two
 3
' >change
t patch -p 1 -i change
t head -n 3 numbers
t run-parts --list tree
t sync
t du -s nothing
t which nothing

# Compression and sums
t gzip -k numbers
t gzip -t numbers.gz
t gzip -dc numbers.gz
t gunzip -f numbers.gz
t bzip2 -k numbers
t bzcat numbers.bz2
t bunzip2 -f numbers.bz2
t xz -d words
echo '/Td6WFoAAAFpIt42AgAhARwAAAAQz1jMAQAMaGVsbG8sIHdvcmxkCgAAAABTdCT0AAEhDXXcqNKQQpkNAQAAAAABWVo=' | $B base64 -d >hello.xz
echo 'XQAAgAD//////////wA0GUnuje+Ma8qVWRAEQO3kG//+4PAA' | $B base64 -d >hello.lzma
echo 'UEsDBBQAAAAAAAAAIVCvLlRVFQAAABUAAAAKAAAAaW4uemlwLnR4dHppcHBlZAp6aXBwZWQKemlwcGVkClBLAQIUAxQAAAAAAAAAIVCvLlRVFQAAABUAAAAKAAAAAAAAAAAAAACkAQAAAABpbi56aXAudHh0UEsFBgAAAAABAAEAOAAAAD0AAAAAAA==' | $B base64 -d >hello.zip
t xzcat hello.xz
t unxz hello.xz
t lzcat hello.lzma
t unlzma -c hello.lzma
t unzip -l hello.zip
t unzip -o hello.zip
t cat in.zip.txt
t uncompress words
t base64 words
t uuencode words name
$B uuencode words decoded | t uudecode
t cmp words decoded
for sum in md5sum sha1sum sha256sum sha512sum sha3sum crc32; do
    t $sum words zeros
done
t sha256sum -c nothing

# Numbers and names
t expr 3 '*' '(' 4 + 5 ')'
t expr abc : 'a\(.*\)'
t factor 1 97 1001 4294967297
t seq -s , 3 2 11
t seq -w 8 11
t bc <<END
scale = 20
4 * a(1)
2 ^ 100
END
t bc -l <<END
e(1)
END
t dc -e '3 4 + 5 * p'
t printf '%5d|%-5s|%x\n' 42 ab 255
t echo -n -e 'a\tb\n'
t cal 2 2024
t cal -y 1752
t date -u -d @1000000000 '+%Y-%m-%d %H:%M:%S %j %a'
t date -u -d '2024-02-29 12:00'
t ipcalc -bnm 10.1.2.3/20
t getopt -o ab:c -- -a -b x rest
t mkpasswd -m sha256 -S saltsalt secret
t ascii
t ubirename

# Processes and the system
t true
t false
t ash -c 'echo $((1 << 40)) ${x:-none}; exit 3'
t sh -c 'trap "echo ended" EXIT; kill -TERM $$'
t env -i A=1 $B env
t env -u PATH $B echo here
t nproc --ignore=1000
t id -u
t id -un
t groups
t whoami
t arch
t uname -sm
t tty </dev/null
t sleep 0
t usleep 1
t time -f timed $B true
t setsid $B echo session
t kill -l 9
t kill -0 99999999
t killall nothing-of-this-name
t pidof nothing-of-this-name
t renice nothing
t taskset 1 $B echo pinned
t ionice -c 3 $B echo idle
t linux64 $B echo 64
t chroot / /bin/busybox echo root
t start-stop-daemon -S -x /nothing
t setpriv --nnp $B echo fewer
t stty size </dev/null
t clear
t reset </dev/null
t nologin </dev/null
t insmod
t modprobe
t losetup nothing
for applet in hostid hostname uptime free ps df dmesg who w last top lsmod; do
    quietly $applet -n 1 -b
done
quietly ps
quietly free
quietly uptime
quietly df /
quietly hostname
quietly hostid
t acpid -h
t svok
t watch
t crontab
t ftpget
t nc
t telnet
t wget
t tftp
t httpd -e '<a & b>'
t httpd -d 'a%20b+c'

cd / && $B rm -r "$here"
