# SPDX-License-Identifier: MIT
# Waiting with epoll, for a timer thread and for a signal.
import os, selectors, signal, threading, time

selector = selectors.EpollSelector()
reader, writer = os.pipe()
selector.register(reader, selectors.EVENT_READ, "pipe")
threading.Timer(0.02, os.write, (writer, b"late")).start()
print([key.data for key, _ in selector.select()], os.read(reader, 10), selector.select(0.01))
signal.signal(signal.SIGALRM, lambda number, frame: print("signal", number))
signal.setitimer(signal.ITIMER_REAL, 0.02)
time.sleep(0.05)
