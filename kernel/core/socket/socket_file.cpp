// SPDX-License-Identifier: MIT
#include "kernel/core/socket/socket_file.h"

#include "kernel/core/fs/tmpfs.h"

namespace ringfence::kernel {

namespace {
constexpr DeviceNumber socket_device{0, 8};
}

Fallible<u64> SocketFile::read(const IoDestination& to, u64) {
    if (to.size() == 0) {
        return u64{0};
    }
    IncomingMessage message{.bytes = DestinationList({&to, 1}), .may_block = may_block()};
    return socket_->receive(message);
}

Fallible<u64> SocketFile::write(const IoSource& from, u64) {
    OutgoingMessage message{.bytes = SourceList({&from, 1}), .may_block = may_block()};
    return socket_->send(message);
}

Ref<OpenFile> make_socket_file(Ref<Socket> socket, OpenFlags flags) {
    Ref<Inode> inode = make_ref<Inode>(
        new_metadata({.type = FileType::Socket, .permissions = 0777}, socket_device));
    String path = String("socket:[").append_decimal(inode->metadata().number).append("]");
    const OpenFlags both{(flags.word & open_bits::NonBlocking::mask) | OpenFlags::read_write};
    Ref<OpenFile> file(new SocketFile(std::move(inode), both, std::move(socket)));
    file->set_path(std::move(path));
    return file;
}

}  // namespace ringfence::kernel
