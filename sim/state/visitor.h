// SPDX-License-Identifier: MIT
// How a class says what its state is. One function names each field once:
//
//     void RealTimeClock::visit_state(state::Visitor& visitor) {
//         visitor.field("index", index_, last_index);
//         visitor.field("memory", memory_);
//         // Not state: clock_ (wiring); core_hz_, start_seconds_ (configuration)
//     }
//
// and serves saving, loading, digesting and comparing alike. Fields are found again by their place
// in that order and by name and type, so any change of the list is noticed when an older file is
// read. tools/check_state.py holds every member of such a class against the function's text.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/address.h"
#include "base/types.h"
#include "sim/state/field_type.h"

namespace ringfence::sim::state {

/// The types that fields have.
template <typename T>
concept Scalar =
    std::same_as<T, bool> || std::same_as<T, u8> || std::same_as<T, u16> || std::same_as<T, u32> ||
    std::same_as<T, u64> || std::same_as<T, i64> || std::same_as<T, double>;

template <Scalar T>
constexpr FieldType field_type_of() {
    if constexpr (std::same_as<T, bool>) {
        return FieldType::Bool;
    } else if constexpr (std::same_as<T, u8>) {
        return FieldType::U8;
    } else if constexpr (std::same_as<T, u16>) {
        return FieldType::U16;
    } else if constexpr (std::same_as<T, u32>) {
        return FieldType::U32;
    } else if constexpr (std::same_as<T, u64>) {
        return FieldType::U64;
    } else if constexpr (std::same_as<T, i64>) {
        return FieldType::I64;
    } else {
        return FieldType::F64;
    }
}

/// A visitor either reads the fields or replaces them (`loading`). What is loaded comes from a file
/// that anyone may have written: a class states by `most`, `last` and `require` what its code
/// relies on. After the first thing that is wrong every field keeps its value, and the object must
/// not be used. Names are of at most `longest_name` characters.
class Visitor {
public:
    virtual ~Visitor() = default;

    [[nodiscard]] virtual bool loading() const = 0;
    /// Nothing was wrong so far.
    [[nodiscard]] virtual bool ok() const = 0;
    /// Loading: says what is wrong unless `condition` holds. Otherwise it does hold.
    virtual void require(bool condition, std::string_view what) = 0;

    template <Scalar T>
    void field(std::string_view name, T& value) {
        u64 bits = to_bits(value);
        scalar(name, field_type_of<T>(), bits);
        value = from_bits<T>(bits);
    }
    /// A number of which no value above `most` makes sense.
    template <std::unsigned_integral T>
        requires Scalar<T>
    void field(std::string_view name, T& value, std::type_identity_t<T> most) {
        T read = value;
        field(name, read);
        require_at_most(name, read, most);
        value = ok() ? read : value;
    }
    template <typename Tag>
    void field(std::string_view name, Address<Tag>& address) {
        u64 value = address.value();
        field(name, value);
        address = Address<Tag>{value};
    }
    /// An enumeration whose values are 0 to `last`.
    template <typename E>
        requires std::is_enum_v<E>
    void field(std::string_view name, E& value, E last) {
        u64 number = static_cast<u64>(value);
        field(name, number, static_cast<u64>(last));
        value = static_cast<E>(number);
    }

    // A number of scalars that the machine's configuration fixes: in a file they are as many.
    template <Scalar T, usize count>
    void field(std::string_view name, std::array<T, count>& values) {
        fixed(name, std::span<T>{values});
    }
    template <Scalar T, usize count>
    void field(std::string_view name, T (&values)[count]) {
        fixed(name, std::span<T>{values});
    }
    template <Scalar T>
        requires(!std::same_as<T, bool>)
    void field(std::string_view name, std::vector<T>& values) {
        fixed(name, std::span<T>{values});
    }

    /// Present, and what it is then.
    template <Scalar T>
    void optional(std::string_view name, std::optional<T>& value) {
        if (counted(name, value ? 1 : 0, 1) == 0) {
            value = ok() ? std::nullopt : value;
            return;
        }
        T read = value.value_or(T{});
        field("value", read);
        value = ok() ? std::optional{read} : value;
    }

    /// The same of a class with a visit_state of its own.
    template <typename T>
        requires(!Scalar<T>)
    void optional(std::string_view name, std::optional<T>& value) {
        if (counted(name, value ? 1 : 0, 1) == 0) {
            value = ok() ? std::nullopt : value;
            return;
        }
        T read = value.value_or(T{});
        part("value", read);
        value = ok() ? std::optional{read} : value;
    }

    /// As many scalars as there happen to be, at most `most`.
    template <Scalar T>
        requires(!std::same_as<T, bool>)
    void list(std::string_view name, std::vector<T>& values, usize most) {
        std::vector<T> read = values;
        if (const auto count = list_size(name, field_type_of<T>(), values.size(), most)) {
            read.resize(*count);
        }
        fixed(name, std::span<T>{read});
        if (loading() && ok()) {
            values = std::move(read);
        }
    }
    void list(std::string_view name, std::deque<u8>& values, usize most);
    /// Text that may be shown (printable.h); what may not is saved as question marks.
    virtual void text(std::string_view name, std::string& value, usize most) = 0;

    /// A class with a visit_state of its own.
    template <typename T>
    void part(std::string_view name, T& object) {
        group(name, [&] { object.visit_state(*this); });
    }
    /// Fields that belong together under one name.
    template <typename Call>
    void group(std::string_view name, Call call) {
        open(name);
        call();
        close();
    }
    /// Groups of the same fields: `visit(T&)` for each. Loading makes as many as there were (at
    /// most `most`) from `T{}`.
    template <typename T, typename Call>
    void groups(std::string_view name, std::vector<T>& items, usize most, Call visit) {
        const usize count = counted(name, items.size(), most);
        if (loading() && ok()) {
            items.clear();
        }
        for (usize i = 0; i < count && ok(); ++i) {
            if (loading()) {
                items.emplace_back();
            }
            group("item", [&] { visit(items[i]); });
        }
    }

protected:
    /// A scalar of `type`, in the low bits of `bits`; an I64 or F64 as its 64 bits.
    virtual void scalar(std::string_view name, FieldType type, u64& bits) = 0;
    /// `count` scalars of `type` that lie at `data`.
    virtual void scalars(std::string_view name, FieldType type, void* data, usize count) = 0;
    /// Loading: how many scalars the array that comes next has, if that is at most `most`; nothing
    /// if something is wrong, or when not loading.
    virtual std::optional<usize> list_size(std::string_view name, FieldType type, usize have,
                                           usize most) = 0;
    /// How many items follow: `have`, or, when loading, as many as were saved (0 if that is wrong).
    virtual usize counted(std::string_view name, usize have, usize most) = 0;
    virtual void open(std::string_view name) = 0;
    virtual void close() = 0;
    /// Loading: says so if a field's value is above what makes sense.
    virtual void require_at_most(std::string_view name, u64 value, u64 most) = 0;

private:
    template <Scalar T>
    static u64 to_bits(T value) {
        if constexpr (std::same_as<T, double>) {
            return std::bit_cast<u64>(value);
        } else {
            return static_cast<u64>(value);
        }
    }
    template <Scalar T>
    static T from_bits(u64 bits) {
        if constexpr (std::same_as<T, double>) {
            return std::bit_cast<double>(bits);
        } else {
            return static_cast<T>(bits);
        }
    }
    template <Scalar T>
    void fixed(std::string_view name, std::span<T> values) {
        static_assert(!std::same_as<T, bool>, "any byte would become a bool");
        scalars(name, field_type_of<T>(), values.data(), values.size());
    }
};

}  // namespace ringfence::sim::state
