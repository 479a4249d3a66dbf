// SPDX-License-Identifier: MIT
// Shared by the programs about POSIX message queues. Names are made of the program's own number, so
// that several of them can run side by side; everything that is made is removed.
#pragma once

#include <fcntl.h>
#include <mqueue.h>

#include <string>

#include "guest/programs/children.h"

namespace queues {

inline constexpr long size = 16;  ///< of most messages here
inline constexpr long most = 3;   ///< in most queues

inline std::string name_of(int number) {
    static const pid_t self = getpid();
    return "/queue-" + std::to_string(self) + "-" + std::to_string(number);
}

inline void* bad_pointer() {
    return reinterpret_cast<void*>(8);
}

inline mq_attr attributes(long messages, long message_size) {
    mq_attr made{};
    made.mq_maxmsg = messages;
    made.mq_msgsize = message_size;
    return made;
}

inline mqd_t make_queue(int number, int flags = O_RDWR) {
    mq_attr wanted = attributes(most, size);
    const mqd_t queue = mq_open(name_of(number).c_str(), flags | O_CREAT | O_EXCL, 0600, &wanted);
    require(queue >= 0, "mq_open");
    return queue;
}

inline void end_queue(int number, mqd_t queue) {
    require(mq_close(queue) == 0 && mq_unlink(name_of(number).c_str()) == 0, "the end of a queue");
}

inline void send(const char* name, mqd_t queue, const char* text, unsigned priority) {
    show(name, mq_send(queue, text, std::strlen(text) + 1, priority));
}

inline void receive(const char* name, mqd_t queue) {
    char text[size] = {};
    unsigned priority = 0;
    const ssize_t received = mq_receive(queue, text, sizeof text, &priority);
    if (received < 0) {
        show(name, received);
    } else {
        std::printf("%s: %zd bytes, priority %u: %s\n", name, received, priority, text);
    }
}

inline void show_attributes(const char* name, mqd_t queue) {
    mq_attr now{};
    if (mq_getattr(queue, &now) != 0) {
        show(name, -1);
        return;
    }
    std::printf("%s: flags %#lx, %ld of %ld messages of %ld bytes\n", name, now.mq_flags,
                now.mq_curmsgs, now.mq_maxmsg, now.mq_msgsize);
}

}  // namespace queues
