# SPDX-License-Identifier: MIT
# The same for a plain POSIX shell.
x=3; while [ $x -gt 0 ]; do echo $x; x=$((x-1)); done
trap "echo bye" EXIT; kill -0 $$ && echo alive
set -- a b c; shift; echo "$*"
(sleep 0.01; echo late) & wait
echo "${y:-unset}" ${#x}
cd /tmp && pwd
case abc in a*) echo match;; esac
read -r y <<END
line
END
echo "$y"
exec 3>&1; echo three >&3
no-such-command 2>/dev/null || echo $?
