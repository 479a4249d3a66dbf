// SPDX-License-Identifier: MIT
// The registers as debuggers number them, and the description (target.xml) that tells them so.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/machine/debug_registers.h"

namespace ringfence::lab::gdb {

using sim::machine::DebugRegisters;

/// One register in the protocol: little-endian bytes.
struct RegisterField {
    std::string name;
    const char* type;     ///< of the description
    const char* group;    ///< empty for the debugger's choice
    const char* feature;  ///< the part of the description that it belongs to
    unsigned bytes;       ///< in the protocol; a value that is kept in fewer has zeroes above
    std::span<u8> (*locate)(DebugRegisters& registers, unsigned index);
    unsigned index;  ///< for `locate`
};

/// Features are those of GDB's documentation, org.gnu.gdb.i386.core, .sse, .segments and .avx, and
/// one of our own for the control registers.
class RegisterLayout {
public:
    /// Of a processor with 64-bit registers, or without.
    explicit RegisterLayout(bool is_64_bit);

    [[nodiscard]] std::span<const RegisterField> fields() const { return fields_; }
    [[nodiscard]] const std::string& description() const { return description_; }

    /// All registers, or one, as bytes.
    [[nodiscard]] std::vector<u8> all(const DebugRegisters& registers) const;
    [[nodiscard]] std::optional<std::vector<u8>> one(const DebugRegisters& registers,
                                                     u64 number) const;
    /// Replaces values; false for a wrong number of bytes, or no such register. Fewer bytes than
    /// all registers have leave the rest alone.
    [[nodiscard]] bool set_all(DebugRegisters& registers, std::span<const u8> bytes) const;
    [[nodiscard]] bool set_one(DebugRegisters& registers, u64 number,
                               std::span<const u8> bytes) const;

private:
    std::vector<RegisterField> fields_;
    std::string description_;
};

}  // namespace ringfence::lab::gdb
