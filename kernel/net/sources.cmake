# SPDX-License-Identifier: MIT
# The TCP/IP stack and its buffers, relative to kernel/.
set(RF_KERNEL_NET_SOURCES
    net/buffer.cpp
    net/checksum.cpp
    net/icmp.cpp
    net/ip.cpp
    net/ipv4.cpp
    net/ipv6.cpp
    net/ports.cpp
    net/reassembly.cpp
    net/slice_queue.cpp
    net/stack.cpp
    net/tcp.cpp
    net/tcp_connection.cpp
    net/tcp_input.cpp
    net/tcp_listener.cpp
    net/tcp_output.cpp
    net/tcp_segment.cpp
    net/udp.cpp)
