// SPDX-License-Identifier: MIT
// What socket calls take: addresses of each family, and requests to the kernel by netlink.
#include <cstring>

#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "guest/endurance/arguments.h"

namespace endurance {

uint64_t Arguments::socket_address() {
    if (random_.one_in(6)) {
        return pointer();
    }
    const uint64_t place = filled(128);
    auto* const bytes = reinterpret_cast<uint8_t*>(place);
    if (random_.one_in(4)) {
        return random_.one_in(4) ? netlink_address(bytes) : inet6_address(bytes);
    }
    const bool local = random_.one_in(2);
    bytes[0] = static_cast<uint8_t>(local ? AF_UNIX : AF_INET);
    bytes[1] = 0;
    if (local) {
        static constexpr char names[][8] = {"socket", "a", "s2", ""};
        std::memcpy(bytes + 2, random_.of(names), 8);
    } else {
        bytes[2] = static_cast<uint8_t>(random_.below(2) * 128);
        bytes[3] = static_cast<uint8_t>(random_.below(8));
        const uint32_t address = htonl(random_.one_in(4) ? INADDR_ANY : INADDR_LOOPBACK);
        std::memcpy(bytes + 4, &address, 4);
    }
    return place;
}

uint64_t Arguments::inet6_address(uint8_t* bytes) {
    static constexpr uint8_t addresses[][16] = {
        {},
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1},
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0},
        {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
    };
    bytes[0] = AF_INET6;
    bytes[1] = 0;
    bytes[2] = static_cast<uint8_t>(random_.below(2) * 128);
    bytes[3] = static_cast<uint8_t>(random_.below(8));
    std::memcpy(bytes + 8, random_.of(addresses), 16);
    bytes[24] = static_cast<uint8_t>(random_.below(3));
    return reinterpret_cast<uint64_t>(bytes);
}

uint64_t Arguments::netlink_address(uint8_t* bytes) {
    sockaddr_nl name{};
    name.nl_family = AF_NETLINK;
    name.nl_pid = static_cast<uint32_t>(random_.below(4));
    name.nl_groups = static_cast<uint32_t>(random_.one_in(4) ? random_.next() : 0);
    std::memcpy(bytes, &name, sizeof name);
    return reinterpret_cast<uint64_t>(bytes);
}

/// Questions about links, addresses and routes, and all that is near them.
uint64_t Arguments::netlink_request() {
    const uint64_t place = filled(64);
    nlmsghdr header{};
    header.nlmsg_len = static_cast<uint32_t>(random_.one_in(4) ? word() : random_.below(64));
    header.nlmsg_type =
        static_cast<uint16_t>(random_.one_in(8) ? random_.next() : 14 + random_.below(20));
    header.nlmsg_flags = static_cast<uint16_t>(
        NLM_F_REQUEST | (random_.one_in(2) ? NLM_F_DUMP : 0) | (random_.one_in(2) ? NLM_F_ACK : 0));
    std::memcpy(reinterpret_cast<void*>(place), &header, sizeof header);
    return place;
}

}  // namespace endurance
