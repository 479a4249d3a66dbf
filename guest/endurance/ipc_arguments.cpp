// SPDX-License-Identifier: MIT
// What the calls of System V IPC and of POSIX message queues take.
#include "guest/endurance/arguments.h"
#include "guest/endurance/ipc_objects.h"

namespace endurance {

/// Numbers as they are given, of the first few places and sequence numbers.
uint64_t Arguments::ipc_object() {
    constexpr unsigned index_bits = 15;
    return random_.one_in(16)
               ? word()
               : random_.below(12) | (random_.one_in(4) ? random_.below(3) : 0) << index_bits;
}

uint64_t Arguments::ipc_flags() {
    constexpr uint64_t create = 01000;
    constexpr uint64_t no_wait = 04000;
    return random_.one_in(4) ? random_.next() & 0177777
                             : create | 0666 | (random_.one_in(2) ? no_wait : 0);
}

uint64_t Arguments::semaphore_operations() {
    if (random_.one_in(8)) {
        return pointer();
    }
    constexpr unsigned count = 20;
    constexpr unsigned words = 3;  // of struct sembuf
    const uint64_t place = filled(words * 2 * count / 8 * 8 + 8);
    auto* const operations = reinterpret_cast<uint16_t*>(place);
    for (unsigned i = 0; i < count; ++i) {
        operations[words * i] = static_cast<uint16_t>(random_.below(random_.one_in(8) ? 400 : 4));
        operations[words * i + 1] = static_cast<uint16_t>(random_.below(7) - 3);
        operations[words * i + 2] =
            static_cast<uint16_t>((random_.one_in(2) ? 04000 : 0) | (random_.below(2) * 010000));
    }
    return place;
}

/// A known name, or no readable memory: others would make queues that nobody finds again.
uint64_t Arguments::queue_name() {
    return random_.one_in(16) ? 0xffff'8880'0000'0000 + random_.below(1 << 20)
                              : reinterpret_cast<uint64_t>(random_.of(queue_names));
}

uint64_t Arguments::notification() {
    if (random_.one_in(4)) {
        return pointer();
    }
    const uint64_t place = filled(64);
    auto* const words = reinterpret_cast<uint32_t*>(place);
    words[2] = static_cast<uint32_t>(random_.below(random_.one_in(4) ? 70 : 40));
    words[3] = static_cast<uint32_t>(random_.below(5));
    return place;
}

}  // namespace endurance
