# SPDX-License-Identifier: MIT
# Children, pipes to them and their exit statuses.
import subprocess

print(subprocess.run(["/bin/echo", "hi"], capture_output=True, text=True).stdout)
print(subprocess.check_output("echo $((6*7))", shell=True, text=True))
child = subprocess.Popen(["/bin/sh", "-c", "read x; echo got $x; exit 5"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print(child.communicate("abc\n"), child.returncode)
