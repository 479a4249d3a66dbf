# SPDX-License-Identifier: MIT
# Threads that hand each other work.
import queue, threading

jobs, results = queue.Queue(), []

def work():
    for job in iter(jobs.get, None):
        results.append(job * job)

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for i in range(100):
    jobs.put(i)
for _ in threads:
    jobs.put(None)
for thread in threads:
    thread.join()
print(sum(results), threading.active_count())
