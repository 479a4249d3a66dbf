#!/bin/sh -e
# SPDX-License-Identifier: MIT
# Run directly: the command must find and bring the interpreter, as execve does on Linux.
echo "$0 got $# arguments:"
for argument in "$@"; do
    echo "<$argument>"
done
read -r line || line="no input"
echo "$line"
exit 5
