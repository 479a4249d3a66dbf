# SPDX-License-Identifier: MIT
# What gdb says of a program, $1: breakpoints, backtraces, steps, watchpoints, changes, its end.
gdb -batch -nx -iex 'set debuginfod enabled off' \
    -ex 'break factorial' -ex 'run' -ex 'backtrace' -ex 'info registers rdi' -ex 'continue' \
    -ex 'backtrace' -ex 'delete' -ex 'stepi' -ex 'x/i $pc' -ex 'watch *(long*)&product' -ex 'continue' \
    -ex 'continue' -ex 'delete' -ex 'set var *(long*)&limit = 3' -ex 'print $_siginfo.si_signo' \
    -ex 'handle SIGUSR1 stop print' -ex 'continue' -ex 'print (long)twice(21)' -ex 'catch syscall getppid' \
    -ex 'continue' -ex 'continue' -ex 'continue' "$1" 2>&1 |
    sed -E -e 's/process [0-9]+/process N/' -e '/libthread_db|debuginfod|debug info/d'
