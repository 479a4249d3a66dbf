# SPDX-License-Identifier: MIT
# What strace says of a shell, a program that it starts, and a signal, without what differs each time.
strace -f -qq -e trace=execve,write,exit_group,tgkill,kill -e signal=all \
    /bin/dash -c 'trap "echo caught" USR1; echo first; /bin/echo second; kill -USR1 $$; exit 3' 2>&1 |
    sed -E -e 's/^\[pid +[0-9]+\] //' -e 's/0x[0-9a-f]+ [^)]*vars [^)]*/ENVIRONMENT/' \
        -e 's/ +=/ =/' -e 's/kill\([0-9]+/kill(PROCESS/' -e 's/(si_pid|si_utime|si_stime)=[0-9]+/\1=N/g'
strace -c -o /dev/null /bin/echo counted
strace -e trace=nothing-of-that-name /bin/true
echo "refused: $?"
