// SPDX-License-Identifier: MIT
#include "kernel/core/socket/unix_name.h"

#include <algorithm>

#include "kernel/core/fs/path.h"
#include "kernel/core/process/current_place.h"
#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/socket/unix_socket.h"

namespace ringfence::kernel {

namespace {

constexpr u32 family_size = sizeof(u16);
constexpr u32 longest_text = 108;

IntrusiveList<UnixSocket, &UnixSocket::name_hook>& bound_sockets() {
    static IntrusiveList<UnixSocket, &UnixSocket::name_hook> list;
    return list;
}

bool is_abstract(std::string_view text) {
    return text.starts_with('\0');
}

template <typename Matches>
UnixSocket* find_bound(Matches matches) {
    for (UnixSocket& socket : bound_sockets()) {
        if (matches(socket)) {
            return &socket;
        }
    }
    return nullptr;
}

/// Each type has abstract names of its own.
UnixSocket* find_abstract(SocketType type, std::string_view text) {
    return find_bound([=](const UnixSocket& socket) {
        return socket.type() == type && socket.unix_name().text == text;
    });
}

/// Five hexadecimal digits that no other socket has. [linux/abi]: unix(7), "Autobind feature"
Fallible<UnixName> unused_name(SocketType type) {
    constexpr u32 names = bit<u32>(20);
    constexpr usize digits = 5;
    static u32 last = 0;
    for (u32 tried = 0; tried < names; ++tried) {
        last = (last + 1) % names;
        String text(std::string_view("\0", 1));
        text.append_hex(last, digits);
        if (find_abstract(type, text) == nullptr) {
            return UnixName{std::move(text)};
        }
    }
    return Error{Errno::Enospc};
}

/// `has_name`: a socket is named once, but what is wrong with the path comes first.
Fallible<UnixName> make_path_name(const String& path, bool has_name) {
    const Process& process = current_process();
    RF_TRY_ASSIGN(place, find_place(current_walk_context(), path, FinalLink::Keep));
    if (place.inode || place.must_be_directory) {
        return Error{place.inode ? Errno::Eaddrinuse : Errno::Enoent};
    }
    if (!process.credentials.may_access(place.directory->metadata(),
                                        Access::Write | Access::Execute)) {
        return Error{Errno::Eacces};
    }
    if (has_name) {
        return Error{Errno::Einval};
    }
    constexpr u32 everything = 0777;
    RF_TRY_ASSIGN(
        inode, place.directory->create(place.name,
                                       {.type = FileType::Socket,
                                        .permissions = everything & ~process.place->file_mode_mask,
                                        .owner = process.credentials.user.effective,
                                        .group = process.credentials.group.effective}));
    return UnixName{path, inode};
}

}  // namespace

SocketAddress UnixName::address() const {
    SocketAddress address;
    const u16 family = static_cast<u16>(AddressFamily::Unix);
    std::memcpy(address.bytes, &family, family_size);
    // A path is told with its NUL, which c_str has.
    const usize size = text.size() + (empty() || is_abstract(text) ? 0 : 1);
    std::memcpy(address.bytes + family_size, text.c_str(), size);
    address.size = family_size + static_cast<u32>(size);
    return address;
}

Fallible<String> unix_name_text(const SocketAddress& address) {
    if (address.family() != AddressFamily::Unix || address.size > family_size + longest_text) {
        return Error{Errno::Einval};
    }
    const auto* bytes = reinterpret_cast<const char*>(address.bytes);
    const std::string_view text(bytes + family_size, address.size - family_size);
    return String(is_abstract(text) ? text : take(text, std::min(text.find('\0'), text.size())));
}

Fallible<UnixName> make_unix_name(const UnixSocket& socket, const String& text) {
    if (!text.empty() && !is_abstract(text)) {
        return make_path_name(text, !socket.unix_name().empty());
    }
    if (!socket.unix_name().empty()) {
        return Error{Errno::Einval};
    }
    if (text.empty()) {
        return unused_name(socket.type());
    }
    if (find_abstract(socket.type(), text) != nullptr) {
        return Error{Errno::Eaddrinuse};
    }
    return UnixName{text};
}

Fallible<Ref<UnixSocket>> find_unix_socket(const UnixSocket& from, const String& text) {
    if (text.empty()) {
        return Error{Errno::Einval};
    }
    UnixSocket* found = nullptr;
    if (is_abstract(text)) {
        found = find_abstract(from.type(), text);
    } else {
        RF_TRY_ASSIGN(inode, find_file(current_walk_context(), text, FinalLink::Follow));
        if (!current_process().credentials.may_access(inode->metadata(), Access::Write)) {
            return Error{Errno::Eacces};
        }
        found =
            find_bound([&](const UnixSocket& socket) { return socket.unix_name().inode == inode; });
    }
    if (found == nullptr) {
        return Error{Errno::Econnrefused};
    }
    if (found->type() != from.type()) {
        return Error{Errno::Eprototype};
    }
    return Ref<UnixSocket>(found);
}

void publish_unix_socket(UnixSocket& socket) {
    bound_sockets().push_back(socket);
}

}  // namespace ringfence::kernel
