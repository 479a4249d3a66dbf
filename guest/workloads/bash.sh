# SPDX-License-Identifier: MIT
# What scripts for bash use: arrays, substitutions, traps, pipelines.
for i in 1 2 3; do echo $((i*i)); done
list=(x y z); echo "${list[@]}" ${#list[@]}
declare -A map=([a]=1 [b]=2); echo "${map[b]}"
upper=$(echo hi | tr a-z A-Z); echo "$upper" "${upper,,}"
[[ abc =~ ^a(.)c$ ]] && echo "${BASH_REMATCH[1]}"
printf "%05d|%-6s|%x\n" 42 ab 255
cat <<< here
(exit 3); echo $?
{ echo a; echo b; } | while read -r line; do echo "<$line>"; done
trap 'echo caught' USR1; kill -USR1 $$
trap 'echo bye' EXIT
sort <(echo b; echo a); wait $!; seq 4 | paste -s -d+
f() { local x=$1; echo "f $((x+1))"; }; f 4
set -e; false || echo alive
no-such-command
