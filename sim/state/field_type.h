// SPDX-License-Identifier: MIT
// How fields are written down. Independent of the build: sizes are fixed, the lowest byte is first.
//
//   field    := kind (1 byte), length of the name (1 byte), name, value
//   value    := the scalar, in the size of its type
//             | Array: number of scalars (8 bytes), the scalars    (kind is Array plus their type)
//             | Count: 8 bytes, how many groups or fields of one list follow
//             | Text: number of bytes (4 bytes), bytes
//             | Open: the fields of a group, then one of kind Close, whose name is empty
#pragma once

#include <optional>

#include "base/types.h"

namespace ringfence::sim::state {

enum class FieldType : u8 { Bool = 1, U8, U16, U32, U64, I64, F64 };

namespace field_kind {
inline constexpr u8 array = 0x10;
inline constexpr u8 count = 0x20;
inline constexpr u8 text = 0x21;
inline constexpr u8 open = 0x22;
inline constexpr u8 close = 0x23;
}  // namespace field_kind

inline constexpr usize longest_name = 255;

/// In bytes.
constexpr unsigned size_of(FieldType type) {
    switch (type) {
        case FieldType::Bool:
        case FieldType::U8:
            return 1;
        case FieldType::U16:
            return 2;
        case FieldType::U32:
            return 4;
        case FieldType::U64:
        case FieldType::I64:
        case FieldType::F64:
            return 8;
    }
    return 0;
}

constexpr const char* name_of(FieldType type) {
    switch (type) {
        case FieldType::Bool:
            return "bool";
        case FieldType::U8:
            return "u8";
        case FieldType::U16:
            return "u16";
        case FieldType::U32:
            return "u32";
        case FieldType::U64:
            return "u64";
        case FieldType::I64:
            return "i64";
        case FieldType::F64:
            return "f64";
    }
    return "?";
}

/// The type of a scalar (`kind` as written) or of an array's elements; nothing for other kinds.
constexpr std::optional<FieldType> scalar_type(u8 kind) {
    constexpr u8 first = static_cast<u8>(FieldType::Bool);
    constexpr u8 last = static_cast<u8>(FieldType::F64);
    return kind >= first && kind <= last ? std::optional{static_cast<FieldType>(kind)}
                                         : std::nullopt;
}
constexpr std::optional<FieldType> array_type(u8 kind) {
    return kind >= field_kind::array ? scalar_type(static_cast<u8>(kind - field_kind::array))
                                     : std::nullopt;
}

}  // namespace ringfence::sim::state
