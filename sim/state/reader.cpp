// SPDX-License-Identifier: MIT
#include "sim/state/reader.h"

#include <fmt/format.h>

#include <cstring>

#include "sim/state/printable.h"

namespace ringfence::sim::state {

namespace {

std::string described(u8 kind, std::string_view name) {
    RawField field;
    field.kind = kind;
    return name.empty() ? std::string{field.kind_name()}
                        : fmt::format("'{}' ({})", printable(name), field.kind_name());
}

}  // namespace

void Reader::fail(std::string message) {
    if (error_.empty()) {
        error_ = std::move(message);
    }
}

std::string Reader::path_of(std::string_view name) const {
    std::string path;
    for (const std::string_view group : groups_) {
        path.append(group).push_back('.');
    }
    return path.append(name);
}

void Reader::require(bool condition, std::string_view what) {
    if (!condition) {
        fail(groups_.empty() ? std::string{what} : fmt::format("{}: {}", path_of(""), what));
    }
}

void Reader::require_at_most(std::string_view name, u64 value, u64 most) {
    if (value > most) {
        fail(fmt::format("{}: {}, at most {}", path_of(name), value, most));
    }
}

/// The next field, which must be of this kind and name.
std::optional<RawField> Reader::take(u8 kind, std::string_view name) {
    if (!ok()) {
        return std::nullopt;
    }
    const bool end = cursor_.at_end();
    Cursor ahead = cursor_;
    const auto field = ahead.next();
    if (!field || field->kind != kind || field->name != name) {
        const std::string found = end      ? "the end"
                                  : !field ? "no field"
                                           : described(field->kind, field->name);
        fail(fmt::format("{}: expected {}, found {}", path_of(name.empty() ? "end" : name),
                         described(kind, name), found));
        return std::nullopt;
    }
    cursor_ = ahead;
    return field;
}

void Reader::scalar(std::string_view name, FieldType type, u64& bits) {
    const auto field = take(static_cast<u8>(type), name);
    if (!field) {
        return;
    }
    const u64 value = field->element(0);
    if (type == FieldType::Bool && value > 1) {
        fail(fmt::format("{}: {}, expected 0 or 1", path_of(name), value));
        return;
    }
    bits = value;
}

void Reader::scalars(std::string_view name, FieldType type, void* data, usize count) {
    const auto field = take(static_cast<u8>(field_kind::array + static_cast<u8>(type)), name);
    if (!field) {
        return;
    }
    if (field->count != count) {
        fail(fmt::format("{}: {} elements, expected {}", path_of(name), field->count, count));
        return;
    }
    if (count > 0) {
        std::memcpy(data, field->value.data(), field->value.size());
    }
}

std::optional<usize> Reader::list_size(std::string_view name, FieldType type, usize /*have*/,
                                       usize most) {
    const Cursor before = cursor_;
    const auto field = take(static_cast<u8>(field_kind::array + static_cast<u8>(type)), name);
    cursor_ = before;
    if (!field) {
        return std::nullopt;
    }
    require_at_most(name, field->count, most);
    return ok() ? std::optional<usize>{field->count} : std::nullopt;
}

usize Reader::counted(std::string_view name, usize /*have*/, usize most) {
    const auto field = take(field_kind::count, name);
    if (!field) {
        return 0;
    }
    require_at_most(name, field->count, most);
    return ok() ? field->count : 0;
}

void Reader::text(std::string_view name, std::string& value, usize most) {
    const auto field = take(field_kind::text, name);
    if (!field) {
        return;
    }
    const std::string_view read{reinterpret_cast<const char*>(field->value.data()),
                                field->value.size()};
    require_at_most(name, read.size(), most);
    require(is_printable(read), "a text that is not printable");
    if (ok()) {
        value = read;
    }
}

void Reader::open(std::string_view name) {
    if (take(field_kind::open, name)) {
        groups_.push_back(name);
    }
}

void Reader::close() {
    if (take(field_kind::close, {})) {
        groups_.pop_back();
    }
}

void Reader::finish() {
    if (ok() && !cursor_.at_end()) {
        const auto field = cursor_.next();
        fail(fmt::format("expected the end, found {}",
                         field ? described(field->kind, field->name) : "no field"));
    }
}

}  // namespace ringfence::sim::state
