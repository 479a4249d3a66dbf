// SPDX-License-Identifier: MIT
#include "sim/state/writer.h"

#include <fmt/format.h>

#include <bit>

#include "base/compiler.h"
#include "sim/state/printable.h"

namespace ringfence::sim::state {

static_assert(std::endian::native == std::endian::little, "fields are copied as they lie");

void Writer::head(u8 kind, std::string_view name) {
    RF_ASSERT(name.size() <= longest_name);
    number(kind, 1);
    number(name.size(), 1);
    put({reinterpret_cast<const u8*>(name.data()), name.size()});
}

void Writer::number(u64 value, unsigned bytes) {
    put({reinterpret_cast<const u8*>(&value), bytes});
}

void Writer::require(bool condition, std::string_view what) {
    if (!condition && problem_.empty()) {
        problem_ = what;
    }
}

void Writer::require_at_most(std::string_view name, u64 value, u64 most) {
    if (value > most && problem_.empty()) {
        problem_ = fmt::format("{}: {}, at most {}", name, value, most);
    }
}

void Writer::scalar(std::string_view name, FieldType type, u64& bits) {
    head(static_cast<u8>(type), name);
    number(bits, size_of(type));
}

void Writer::scalars(std::string_view name, FieldType type, void* data, usize count) {
    head(static_cast<u8>(field_kind::array + static_cast<u8>(type)), name);
    number(count, sizeof(u64));
    if (count > 0) {
        put({static_cast<const u8*>(data), count * size_of(type)});
    }
}

std::optional<usize> Writer::list_size(std::string_view name, FieldType /*type*/, usize have,
                                       usize most) {
    require_at_most(name, have, most);
    return std::nullopt;
}

usize Writer::counted(std::string_view name, usize have, usize most) {
    require_at_most(name, have, most);
    head(field_kind::count, name);
    number(have, sizeof(u64));
    return have;
}

void Writer::text(std::string_view name, std::string& value, usize most) {
    require_at_most(name, value.size(), most);
    const std::string shown = printable(value);
    head(field_kind::text, name);
    number(shown.size(), sizeof(u32));
    put({reinterpret_cast<const u8*>(shown.data()), shown.size()});
}

void Writer::open(std::string_view name) {
    head(field_kind::open, name);
}

void Writer::close() {
    head(field_kind::close, {});
}

void BufferWriter::put(std::span<const u8> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

}  // namespace ringfence::sim::state
