// SPDX-License-Identifier: MIT
#include "sim/state/cursor.h"

#include <algorithm>
#include <cstring>

namespace ringfence::sim::state {

namespace {

/// Bytes, taken from the front as far as there are any.
class Taker {
public:
    explicit Taker(std::span<const u8> bytes) : left_(bytes) {}

    std::span<const u8> bytes(u64 count) {
        if (count > left_.size()) {
            short_ = true;
            return {};
        }
        const auto taken = left_.first(count);
        left_ = left_.subspan(count);
        return taken;
    }
    u64 number(unsigned size) {
        u64 value = 0;
        const auto taken = bytes(size);
        std::ranges::copy(taken, reinterpret_cast<u8*>(&value));
        return value;
    }
    [[nodiscard]] bool ran_short() const { return short_; }
    [[nodiscard]] std::span<const u8> left() const { return left_; }

private:
    std::span<const u8> left_;
    bool short_ = false;
};

/// False: there is no such kind.
bool take_value(Taker& taker, RawField& field) {
    if (const auto scalar = scalar_type(field.kind)) {
        field.value = taker.bytes(size_of(*scalar));
        return true;
    }
    if (const auto element = array_type(field.kind)) {
        field.count = taker.number(sizeof(u64));
        if (field.count > taker.left().size() / size_of(*element)) {
            return false;
        }
        field.value = taker.bytes(field.count * size_of(*element));
        return true;
    }
    switch (field.kind) {
        case field_kind::count:
            field.count = taker.number(sizeof(u64));
            return true;
        case field_kind::text:
            field.value = taker.bytes(taker.number(sizeof(u32)));
            return true;
        case field_kind::open:
        case field_kind::close:
            return true;
        default:
            return false;
    }
}

}  // namespace

std::string_view RawField::kind_name() const {
    static constexpr const char* arrays[] = {"",          "bool array", "u8 array",  "u16 array",
                                             "u32 array", "u64 array",  "i64 array", "f64 array"};
    if (const auto element = array_type(kind)) {
        return arrays[static_cast<u8>(*element)];
    }
    if (const auto scalar = scalar_type(kind)) {
        return name_of(*scalar);
    }
    switch (kind) {
        case field_kind::count:
            return "count";
        case field_kind::text:
            return "text";
        case field_kind::open:
            return "group";
        default:
            return "end of a group";
    }
}

u64 RawField::element(usize index) const {
    const auto of = type();
    const unsigned size = of ? size_of(*of) : 0;
    u64 bits = 0;
    if (size != 0 && (index + 1) * size <= value.size()) {
        std::memcpy(&bits, value.data() + index * size, size);
    }
    return bits;
}

std::optional<RawField> Cursor::next() {
    Taker taker{left_};
    RawField field;
    field.kind = static_cast<u8>(taker.number(1));
    const auto name = taker.bytes(taker.number(1));
    field.name = {reinterpret_cast<const char*>(name.data()), name.size()};
    if (!take_value(taker, field) || taker.ran_short()) {
        return std::nullopt;
    }
    left_ = taker.left();
    return field;
}

}  // namespace ringfence::sim::state
