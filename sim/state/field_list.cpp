// SPDX-License-Identifier: MIT
#include "sim/state/field_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "sim/state/printable.h"

namespace ringfence::sim::state {

namespace {

/// Follows the groups from field to field and gives each its place.
class Paths {
public:
    void open(std::string_view name) {
        std::string path = place(name);
        groups_.push_back({std::move(path), {}, 0});
    }
    void close() {
        if (groups_.size() > 1) {
            groups_.pop_back();
        }
    }
    /// A list of `count` groups or fields follows.
    void count(std::string_view name, u64 items) {
        groups_.back().list = name;
        groups_.back().items_left = items;
        groups_.back().next_item = 0;
    }
    /// The place of a field or group in the group that is open.
    std::string place(std::string_view name) {
        Group& group = groups_.back();
        const std::string prefix = group.path.empty() ? "" : group.path + ".";
        if (group.items_left == 0) {
            return prefix + printable(name);
        }
        --group.items_left;
        return fmt::format("{}{}[{}]", prefix, printable(group.list), group.next_item++);
    }

private:
    struct Group {
        std::string path;
        std::string list;
        u64 items_left = 0;
        u64 next_item = 0;
    };
    std::vector<Group> groups_{1};
};

std::string text_of(const RawField& field) {
    return printable({reinterpret_cast<const char*>(field.value.data()), field.value.size()});
}

usize length_of(const RawField& field) {
    return array_type(field.kind) ? field.count : 1;
}

/// The differences of two fields of the same place; false when `report` has had enough.
bool compare_fields(const std::string& path, const RawField& first, const RawField& second,
                    const std::function<bool(const Difference&)>& report) {
    if (first.kind != second.kind) {
        return report({path, std::string{first.kind_name()}, std::string{second.kind_name()}});
    }
    if (first.count == second.count && std::ranges::equal(first.value, second.value)) {
        return true;
    }
    if (first.kind == field_kind::text || !array_type(first.kind)) {
        return report({path, format_element(first, 0), format_element(second, 0)});
    }
    const usize longest = std::max(length_of(first), length_of(second));
    const auto element = [](const RawField& field, usize i) {
        return i < length_of(field) ? format_element(field, i) : std::string{"-"};
    };
    for (usize i = 0; i < longest; ++i) {
        const bool both = i < length_of(first) && i < length_of(second);
        if (both && first.element(i) == second.element(i)) {
            continue;
        }
        if (!report({fmt::format("{}[{}]", path, i), element(first, i), element(second, i)})) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::vector<NamedField> list_fields(std::span<const u8> bytes) {
    std::vector<NamedField> fields;
    Cursor cursor{bytes};
    Paths paths;
    while (const auto field = cursor.next()) {
        if (field->kind == field_kind::open) {
            paths.open(field->name);
        } else if (field->kind == field_kind::close) {
            paths.close();
        } else if (field->kind == field_kind::count) {
            std::string path = paths.place(field->name);
            paths.count(field->name, field->count);
            fields.push_back({std::move(path), *field});
        } else {
            fields.push_back({paths.place(field->name), *field});
        }
    }
    return fields;
}

std::string format_element(const RawField& field, usize index) {
    if (field.kind == field_kind::text) {
        return text_of(field);
    }
    if (field.kind == field_kind::count) {
        return fmt::format("{}", field.count);
    }
    const u64 bits = field.element(index);
    switch (field.type().value_or(FieldType::U64)) {
        case FieldType::Bool:
            return bits != 0 ? "true" : "false";
        case FieldType::I64:
            return fmt::format("{}", static_cast<i64>(bits));
        case FieldType::F64:
            return fmt::format("{}", std::bit_cast<double>(bits));
        default: {
            constexpr u64 decimal_below = 10;
            return bits < decimal_below ? fmt::format("{}", bits) : fmt::format("{:#x}", bits);
        }
    }
}

void for_each_difference(std::span<const u8> first, std::span<const u8> second,
                         const std::function<bool(const Difference&)>& report) {
    const std::vector<NamedField> ours = list_fields(first);
    const std::vector<NamedField> theirs = list_fields(second);
    std::map<std::string_view, const RawField*> by_path;
    for (const NamedField& field : theirs) {
        by_path.emplace(field.path, &field.field);
    }
    for (const NamedField& field : ours) {
        const auto other = by_path.find(field.path);
        if (other == by_path.end()) {
            if (!report({field.path, format_element(field.field, 0), "-"})) {
                return;
            }
            continue;
        }
        if (!compare_fields(field.path, field.field, *other->second, report)) {
            return;
        }
        by_path.erase(other);
    }
    for (const NamedField& field : theirs) {
        if (by_path.contains(field.path) &&
            !report({field.path, "-", format_element(field.field, 0)})) {
            return;
        }
    }
}

}  // namespace ringfence::sim::state
