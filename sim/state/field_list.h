// SPDX-License-Identifier: MIT
// Saved fields by name, for people who look at a snapshot or compare two.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/state/cursor.h"

namespace ringfence::sim::state {

/// A field with its place: "timer.start", "events[1].cycle".
struct NamedField {
    std::string path;
    RawField field;  ///< a scalar, an array, a text or a count
};

/// All fields of one section, in order; ends early where the bytes are no fields.
std::vector<NamedField> list_fields(std::span<const u8> bytes);

/// A scalar or an array's element as people write it.
std::string format_element(const RawField& field, usize index);

/// One difference between two sections.
struct Difference {
    std::string path;   ///< of the scalar, with the index in an array
    std::string first;  ///< "-" where only the second has it
    std::string second;
};

/// Calls `report` for each field and each array's element that differs, in order, until it returns
/// false.
void for_each_difference(std::span<const u8> first, std::span<const u8> second,
                         const std::function<bool(const Difference&)>& report);

}  // namespace ringfence::sim::state
