// SPDX-License-Identifier: MIT
#include "lab/gdb/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "lab/gdb/hex.h"

namespace ringfence::lab::gdb {

std::optional<std::string> Connection::receive() {
    for (;;) {
        auto arrival = waiting_ ? std::exchange(waiting_, std::nullopt) : reader_.next();
        if (!arrival) {
            if (!open_ || !wait(-1)) {
                return std::nullopt;
            }
            read_some();
            continue;
        }
        switch (arrival->kind) {
            case Arrival::Kind::Packet:
                if (acknowledges_) {
                    write_all("+");
                }
                return std::move(arrival->payload);
            case Arrival::Kind::Damaged:
                if (acknowledges_) {
                    write_all("-");
                }
                break;
            case Arrival::Kind::Refused:
                write_all(last_sent_);
                break;
            case Arrival::Kind::Interrupt:  // nothing runs
            case Arrival::Kind::Accepted:
                break;
        }
    }
}

void Connection::send(std::string_view payload) {
    last_sent_ = frame(payload);
    write_all(last_sent_);
}

/// A closed line is a wish to stop, too. A packet that comes while a command runs is none, and
/// waits for it; more than one are too many for a debugger that waits for answers.
bool Connection::wants_stop() {
    for (;;) {
        auto arrival = reader_.next();
        if (!arrival) {
            if (!open_ || !wait(0)) {
                return !open_;
            }
            read_some();
        } else if (arrival->kind == Arrival::Kind::Interrupt) {
            return true;
        } else if (arrival->kind == Arrival::Kind::Packet && !waiting_) {
            waiting_ = std::move(arrival);
        }
    }
}

/// Text comes as packets of its own in front of the answer.
void Connection::tell(std::string_view text) {
    constexpr usize most = PacketReader::longest_packet / 4;
    for (; !text.empty(); text.remove_prefix(std::min(most, text.size()))) {
        send("O" + to_hex(text.substr(0, most)));
    }
}

/// False if there is nothing to read: the time has passed, or a stop is requested.
bool Connection::wait(int milliseconds) {
    std::array<pollfd, 2> waits = {{{line_.number(), POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}}};
    while (!stop_.requested()) {
        const int ready = poll(waits.data(), waits.size(), milliseconds);
        if (ready > 0 && waits[0].revents != 0) {
            return true;
        }
        if (ready == 0) {
            return false;
        }
    }
    return false;
}

void Connection::read_some() {
    std::array<char, 4096> bytes;
    const ssize_t got = recv(line_.number(), bytes.data(), bytes.size(), 0);
    if (got > 0) {
        reader_.add({bytes.data(), static_cast<usize>(got)});
    } else if (got == 0 || errno != EINTR) {
        open_ = false;
    }
}

void Connection::write_all(std::string_view bytes) {
    while (open_ && !bytes.empty()) {
        std::array<pollfd, 2> waits = {
            {{line_.number(), POLLOUT, 0}, {stop_.descriptor(), POLLIN, 0}}};
        poll(waits.data(), waits.size(), -1);
        if (stop_.requested() && (waits[0].revents & POLLOUT) == 0) {
            open_ = false;  // nobody reads, and nobody waits any more
            return;
        }
        const ssize_t sent =
            ::send(line_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<usize>(sent));
        } else if (errno != EINTR && errno != EAGAIN) {
            open_ = false;
        }
    }
}

}  // namespace ringfence::lab::gdb
