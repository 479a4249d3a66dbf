// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/socket_control.h"

#include <algorithm>

#include "kernel/core/socket/passed_files.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

/// `struct cmsghdr`; the data follow, and the next header at a multiple of eight bytes.
struct ControlHeader {
    u64 size;  ///< of header and data
    OptionLevel level;
    u32 type;
};
constexpr u64 alignment = 8;

enum class ControlType : u32 { Rights = 1, Credentials = 2 };
constexpr u64 most_control_bytes = 20480;  // net.core.optmem_max
constexpr usize most_controls = 32;        // of levels that the socket itself understands
constexpr usize most_files = 253;          // SCM_MAX_FD

template <typename T>
T at(std::span<const u8> bytes, usize offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

Nothing take_files(std::span<const u8> data, OutgoingMessage& message) {
    const usize count = data.size() / sizeof(i32);
    const Process& process = current_process();
    if (!process.credentials.may(Capability::SysResource) &&
        PassedFiles::in_flight() + count > process.limit(Resource::OpenFiles)) {
        return Error{Errno::Etoomanyrefs};
    }
    if (message.files.size() + count > most_files) {
        return Error{Errno::Einval};
    }
    for (usize i = 0; i < count; ++i) {
        RF_TRY_ASSIGN(file, file_of(at<i32>(data, i * sizeof(i32))));
        message.files.push_back(file);
    }
    return {};
}

bool is_own(u32 id, const UserIds& own) {
    return id == own.real || id == own.effective || id == own.saved;
}

Nothing take_credentials(std::span<const u8> data, OutgoingMessage& message) {
    if (data.size() != sizeof(PeerCredentials)) {
        return Error{Errno::Einval};
    }
    const auto claimed = at<PeerCredentials>(data, 0);
    const Process& process = current_process();
    const Credentials& own = process.credentials;
    const bool may_claim = (claimed.process == process.id() || own.may(Capability::SysAdmin)) &&
                           (is_own(claimed.user, own.user) || own.may(Capability::SetUid)) &&
                           (is_own(claimed.group, own.group) || own.may(Capability::SetGid));
    if (!may_claim) {
        return Error{Errno::Eperm};
    }
    message.credentials = claimed;
    return {};
}

Nothing take_message(const ControlHeader& header, std::span<const u8> data,
                     OutgoingMessage& message) {
    if (header.level != OptionLevel::Socket) {
        if (message.controls.all().size() >= most_controls) {
            return Error{Errno::Enobufs};
        }
        message.controls.add({header.level, header.type, data});
        return {};
    }
    switch (ControlType{header.type}) {
        case ControlType::Rights:
            return take_files(data, message);
        case ControlType::Credentials:
            return take_credentials(data, message);
        default:
            return Error{Errno::Einval};
    }
}

/// Writes control messages one behind the other into the program's buffer.
class ControlWriter {
public:
    ControlWriter(Pointer to, u64 size) : to_(to), size_(size) {}

    /// Bytes of data that one more message may have.
    [[nodiscard]] u64 room() const {
        return used_ + sizeof(ControlHeader) < size_ ? size_ - used_ - sizeof(ControlHeader) : 0;
    }
    Nothing add(ControlType type, std::span<const u8> data) {
        return add(OptionLevel::Socket, static_cast<u32>(type), data);
    }
    Nothing add(OptionLevel level, u32 type, std::span<const u8> data) {
        const ControlHeader header{sizeof(ControlHeader) + data.size(), level, type};
        RF_TRY(write_user(to_ + used_, header));
        RF_TRY(write_user_bytes(to_ + used_ + sizeof(header), data));
        used_ = std::min(size_, used_ + align_up(header.size, alignment));
        return {};
    }
    [[nodiscard]] u64 used() const { return used_; }

private:
    Pointer to_;
    u64 size_;
    u64 used_ = 0;
};

/// Gives the program descriptors for the files; those that it has no room for are closed again.
Nothing write_files(ControlWriter& writer, IncomingMessage& message) {
    const usize wanted = std::min<usize>(message.files.size(), writer.room() / sizeof(i32));
    const bool close_on_exec = message_bits::CloseOnExec::test(message.flags.word);
    Vector<i32> descriptors;
    while (descriptors.size() < wanted) {
        const Value added = new_descriptor(message.files[descriptors.size()], close_on_exec);
        if (!added) {
            break;
        }
        descriptors.push_back(static_cast<i32>(added.value()));
    }
    if (descriptors.size() < message.files.size()) {
        message.found_flags |= message_bits::ControlTruncated::mask;
    }
    if (descriptors.empty()) {
        return {};
    }
    return writer.add(ControlType::Rights, {reinterpret_cast<const u8*>(descriptors.data()),
                                            descriptors.size() * sizeof(i32)});
}

/// Of data that do not fit, as many bytes as do. [linux/abi]: put_cmsg
Nothing write_data(ControlWriter& writer, const ControlData& data, IncomingMessage& message) {
    if (writer.room() < data.data().size()) {
        message.found_flags |= message_bits::ControlTruncated::mask;
    }
    if (writer.room() == 0) {
        return {};
    }
    return writer.add(data.level, data.type,
                      data.data().first(std::min<usize>(data.data().size(), writer.room())));
}

}  // namespace

Nothing read_control(Pointer control, u64 size, OutgoingMessage& message) {
    if (size > most_control_bytes) {
        return Error{Errno::Enobufs};
    }
    Vector<u8> bytes;
    bytes.resize(size);
    RF_TRY(read_user_bytes(control, {bytes.data(), bytes.size()}));
    const std::span<const u8> all(bytes.data(), bytes.size());
    for (usize offset = 0; all.size() - offset >= sizeof(ControlHeader);) {
        const auto header = at<ControlHeader>(all, offset);
        if (header.size < sizeof(header) || header.size > all.size() - offset) {
            return Error{Errno::Einval};
        }
        RF_TRY(take_message(
            header, all.subspan(offset + sizeof(header), header.size - sizeof(header)), message));
        offset = std::min<usize>(all.size(), offset + align_up(header.size, alignment));
    }
    return {};
}

Value write_control(Pointer control, u64 size, IncomingMessage& message) {
    ControlWriter writer(control, size);
    for (const ControlData& each : message.controls.all()) {
        RF_TRY(write_data(writer, each, message));
    }
    if (message.credentials) {
        const PeerCredentials& credentials = *message.credentials;
        if (writer.room() < sizeof(credentials)) {
            message.found_flags |= message_bits::ControlTruncated::mask;
        } else {
            RF_TRY(writer.add(ControlType::Credentials,
                              {reinterpret_cast<const u8*>(&credentials), sizeof(credentials)}));
        }
    }
    if (!message.files.empty()) {
        RF_TRY(write_files(writer, message));
    }
    return writer.used();
}

}  // namespace ringfence::kernel::syscalls
