// SPDX-License-Identifier: MIT
#include "lab/machine/control_decoder.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>

namespace ringfence::lab::machine {

namespace {

using abi::control::Record;
using abi::control::RecordHeader;

constexpr u32 largest_text = 64U << 20U;

/// The sizes of payload that a type allows, first and last; nothing for an unknown type.
struct SizeRange {
    usize least;
    usize most;
};

std::optional<SizeRange> allowed_size(Record type) {
    switch (type) {
        case Record::StandardInput:
            return SizeRange{sizeof(u32), sizeof(u32)};
        case Record::ExitStatus:
            return SizeRange{sizeof(abi::control::ExitStatus), sizeof(abi::control::ExitStatus)};
        case Record::Statistics:
            return SizeRange{sizeof(abi::control::Statistics), sizeof(abi::control::Statistics)};
        case Record::UnknownSyscall:
            return SizeRange{sizeof(abi::control::UnknownSyscall),
                             sizeof(abi::control::UnknownSyscall)};
        case Record::Isolation:
            return SizeRange{sizeof(abi::control::Isolation), sizeof(abi::control::Isolation)};
        case Record::UserTables:
        case Record::RunFailed:
        case Record::MissingFiles:
            return SizeRange{0, largest_text};
    }
    return std::nullopt;
}

}  // namespace

Result<void, std::string> ControlDecoder::feed(std::string_view bytes) {
    if (!state_.error.empty()) {
        return Error{state_.error};
    }
    state_.buffer += bytes;
    usize used = 0;
    while (state_.buffer.size() - used >= sizeof(RecordHeader)) {
        RecordHeader header;
        std::memcpy(&header, state_.buffer.data() + used, sizeof header);
        const auto allowed = allowed_size(header.type);
        if (!allowed || header.size < allowed->least || header.size > allowed->most) {
            state_.error =
                fmt::format("the control channel holds a record of type {} with {} bytes",
                            static_cast<u32>(header.type), header.size);
            return Error{state_.error};
        }
        if (state_.buffer.size() - used - sizeof header < header.size) {
            break;
        }
        handler_(header.type,
                 std::string_view(state_.buffer).substr(used + sizeof header, header.size));
        used += sizeof header + header.size;
    }
    state_.buffer.erase(0, used);
    return {};
}

}  // namespace ringfence::lab::machine
