// SPDX-License-Identifier: MIT
// Sockets behind descriptors: read and write are receive and send without an address.
#pragma once

#include "kernel/core/fs/open_file.h"
#include "kernel/core/socket/socket.h"

namespace ringfence::kernel {

class SocketFile final : public OpenFile {
public:
    static constexpr FileKind file_kind{"socket"};

    SocketFile(Ref<Inode> inode, OpenFlags flags, Ref<Socket> socket)
        : OpenFile(std::move(inode), flags), socket_(std::move(socket)) {}
    ~SocketFile() override { socket_->close(); }

    Fallible<u64> read(const IoDestination& to, u64 offset) override;
    Fallible<u64> write(const IoSource& from, u64 offset) override;
    [[nodiscard]] bool seekable() const override { return false; }
    Fallible<u64> control(u32 request, u64 argument) override {
        return socket_->control(request, argument);
    }
    [[nodiscard]] u32 ready() const override { return socket_->ready(); }
    [[nodiscard]] ReadinessQueues queues() override { return socket_->queues(); }
    [[nodiscard]] bool sends_signals() const override { return true; }
    [[nodiscard]] const FileKind* kind() const override { return &file_kind; }
    [[nodiscard]] Socket& socket() const { return *socket_; }

private:
    Ref<Socket> socket_;
};

/// The socket behind `file`; null if it is no socket.
[[nodiscard]] inline Socket* socket_behind(OpenFile& file) {
    const SocketFile* socket = file_cast<SocketFile>(file);
    return socket != nullptr ? &socket->socket() : nullptr;
}

/// An open file for `socket`. `flags` may hold O_NONBLOCK. The caller has been admitted memory.
[[nodiscard]] Ref<OpenFile> make_socket_file(Ref<Socket> socket, OpenFlags flags);

}  // namespace ringfence::kernel
