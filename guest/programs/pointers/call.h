// SPDX-License-Identifier: MIT
// A system call as a row of a table: which of its arguments are pointers, and what a good one
// points at.
#pragma once

#include <cstddef>

namespace pointers {

struct Argument {
    enum class Kind {
        None,
        Value,
        In,     ///< the kernel reads `size` bytes
        Out,    ///< the kernel writes `size` bytes
        InOut,  ///< both
        Ipc,    ///< the number of one of the IpcObjects
    };
    Kind kind = Kind::None;
    long value = 0;
    const void* bytes = nullptr;  ///< what is there, for In and InOut
    size_t size = 0;

    [[nodiscard]] bool is_pointer() const {
        return kind == Kind::In || kind == Kind::Out || kind == Kind::InOut;
    }
};

constexpr Argument v(long value) {
    return {.kind = Argument::Kind::Value, .value = value};
}
/// What is at `object`, which lives as long as the table.
template <typename T>
constexpr Argument in(const T& object) {
    return {.kind = Argument::Kind::In, .bytes = &object, .size = sizeof(T)};
}
template <typename T>
constexpr Argument in_out(const T& object) {
    return {.kind = Argument::Kind::InOut, .bytes = &object, .size = sizeof(T)};
}
constexpr Argument out(size_t size) {
    return {.kind = Argument::Kind::Out, .size = size};
}

/// Objects of System V IPC that each attempt of ipc_calls() finds.
enum IpcObject : long { a_segment, a_set, a_queue, ipc_object_count };
constexpr Argument of(IpcObject object) {
    return {.kind = Argument::Kind::Ipc, .value = object};
}

struct Call {
    const char* name;
    long number;
    Argument arguments[6];
    /// A child that has ended waits to be asked for before each attempt.
    bool wants_child = false;

    [[nodiscard]] bool uses_ipc() const {
        for (const Argument& argument : arguments) {
            if (argument.kind == Argument::Kind::Ipc) {
                return true;
            }
        }
        return false;
    }
};

constexpr size_t argument_count = 6;

/// Descriptors that each attempt finds open, none of which waits.
enum Open : long {
    pipe_reader = 50,  ///< holds some bytes
    pipe_writer,
    file,  ///< of some bytes, empty name
    folder,
    zeros,
    nothing,
    stream,       ///< AF_UNIX, connected, with bytes to receive
    stream_peer,  ///< its other end
    datagram,     ///< AF_UNIX, with a message to receive
    inet,         ///< UDP
    inet6,        ///< the same over IPv6
    kernel_link,  ///< netlink, with an answer to receive
    listener,     ///< TCP, with a connection to accept
    listener_peer,
    counter,   ///< an eventfd
    clock,     ///< a timerfd
    signals,   ///< a signalfd
    watcher,   ///< an inotify
    set,       ///< an epoll with `counter` in it, which is ready
    process,   ///< a pidfd of the caller
    mailbox,   ///< a POSIX message queue, with a message to receive and room for another
    terminal,  ///< of a pseudo-terminal, with a line to read
    master,    ///< its other end, with output to read
    last_open,
};

/// Opens all of it anew.
void open_all();

void make_ipc_objects();
void remove_ipc_objects();
[[nodiscard]] long ipc_object(long which);

/// All system calls that take pointers.
struct Table {
    const Call* first;
    size_t count;
};
Table descriptor_calls();
Table socket_calls();
Table other_calls();
Table ipc_calls();
Table terminal_calls();

}  // namespace pointers
