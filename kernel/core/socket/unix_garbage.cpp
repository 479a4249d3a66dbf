// SPDX-License-Identifier: MIT
#include "kernel/core/socket/unix_garbage.h"

#include "kernel/core/socket/socket_file.h"
#include "kernel/core/socket/unix_socket.h"

namespace ringfence::kernel {

namespace {

UnixSocket* unix_socket_behind(OpenFile& file) {
    Socket* socket = socket_behind(file);
    return socket != nullptr && socket->family() == AddressFamily::Unix
               ? static_cast<UnixSocket*>(socket)
               : nullptr;
}

/// Calls `visit(socket, file)` for each socket that waits in a message to `receiver`.
template <typename Visit>
void for_each_passed_socket(const UnixSocket& receiver, Visit visit) {
    for (const UnixMessage& message : receiver.inbox()) {
        for (const Ref<OpenFile>& file : message.files.list()) {
            if (UnixSocket* socket = unix_socket_behind(*file); socket != nullptr) {
                visit(*socket, *file);
            }
        }
    }
}

/// Files on their way that are not worth a look.
constexpr u64 few = 32;
u64 left_last_time = 0;

/// Notes for each socket how many messages hold its file, and whether somebody else does.
void count_holders() {
    for (UnixSocket& socket : all_unix_sockets()) {
        socket.reach = {};
    }
    for (const UnixSocket& receiver : all_unix_sockets()) {
        for_each_passed_socket(receiver, [](UnixSocket& socket, const OpenFile& file) {
            ++socket.reach.in_messages;
            socket.reach.held_otherwise = file.references() > socket.reach.in_messages;
        });
    }
}

/// Marks what programs hold, and what they can receive from that on.
void mark_reachable() {
    Vector<UnixSocket*> found;
    const auto mark = [&found](UnixSocket& socket) {
        if (!std::exchange(socket.reach.reachable, true)) {
            found.push_back(&socket);
        }
    };
    for (UnixSocket& socket : all_unix_sockets()) {
        const bool waits_only = socket.reach.in_messages > 0 && !socket.reach.held_otherwise;
        if (!waits_only && !socket.waits_for_accept()) {
            mark(socket);
        }
    }
    while (!found.empty()) {
        UnixSocket& socket = *found.back();
        found.pop_back();
        for_each_passed_socket(socket, [&](UnixSocket& passed, const OpenFile&) { mark(passed); });
        for (UnixSocket* end : socket.acceptable()) {
            mark(*end);
        }
    }
}

}  // namespace

void collect_unix_garbage() {
    static bool collecting = false;  // letting go closes sockets in turn
    if (collecting || PassedFiles::in_flight() == 0) {
        return;
    }
    collecting = true;
    count_holders();
    mark_reachable();
    Vector<Ref<UnixSocket>> garbage;
    for (UnixSocket& socket : all_unix_sockets()) {
        if (!socket.reach.reachable) {
            garbage.push_back(Ref<UnixSocket>(&socket));
        }
    }
    for (const Ref<UnixSocket>& socket : garbage) {
        socket->discard_messages();
    }
    left_last_time = PassedFiles::in_flight();
    collecting = false;
}

void collect_unix_garbage_if_much() {
    if (PassedFiles::in_flight() > few + 2 * left_last_time) {
        collect_unix_garbage();
    }
}

}  // namespace ringfence::kernel
