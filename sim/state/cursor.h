// SPDX-License-Identifier: MIT
// Takes written fields apart, one at a time, and trusts nothing that they say of themselves.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "sim/state/field_type.h"

namespace ringfence::sim::state {

/// One field as it was written. What it refers to lies in the bytes that it came from.
struct RawField {
    u8 kind = 0;
    std::string_view name;
    /// Of scalars, arrays and texts.
    std::span<const u8> value;
    /// Of a Count: how many; of an array: how many scalars.
    u64 count = 0;

    [[nodiscard]] std::optional<FieldType> type() const {
        const auto array = array_type(kind);
        return array ? array : scalar_type(kind);
    }
    /// "u32", "u64 array", "group" and so on, for people.
    [[nodiscard]] std::string_view kind_name() const;
    /// Element `index` of an array, or the scalar itself (index 0), in the low bits.
    [[nodiscard]] u64 element(usize index) const;
};

class Cursor {
public:
    explicit Cursor(std::span<const u8> bytes) : left_(bytes) {}

    [[nodiscard]] bool at_end() const { return left_.empty(); }
    /// The next field; nothing if what is there is not one, or does not fit. Then the cursor stays.
    std::optional<RawField> next();

private:
    std::span<const u8> left_;
};

}  // namespace ringfence::sim::state
