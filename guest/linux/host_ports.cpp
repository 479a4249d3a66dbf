// SPDX-License-Identifier: MIT
#include "guest/linux/host_ports.h"

#include <sys/io.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace linux_guest {

namespace abi = ringfence::abi;

void complain(const char* what) {
    std::fprintf(stderr, "init: %s: %s\n", what, std::strerror(errno));
}

void mark_and_keep_ports(abi::ProgramMark which) {
    if (iopl(3) != 0) {
        complain("iopl");
        return;
    }
    outl(static_cast<unsigned>(which), abi::mark_port);
}

void release_ports() {
    iopl(0);
}

void mark(abi::ProgramMark which) {
    mark_and_keep_ports(which);
    release_ports();
}

void receive(void* into, std::size_t bytes) {
    insb(abi::channel_port, into, bytes);
}

void send(const void* from, std::size_t bytes) {
    outsb(abi::channel_port, from, bytes);
}

void end_machine(unsigned status) {
    sync();
    if (iopl(3) == 0) {
        outl(status, abi::debug_exit_port);
    }
    reboot(RB_POWER_OFF);
    for (;;) {
        pause();
    }
}

}  // namespace linux_guest
