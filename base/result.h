// SPDX-License-Identifier: MIT
// A value or the reason why there is none. Own type because std::expected is hosted in C++23.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/compiler.h"

namespace ringfence {

/// Wraps an error so that `return Error{reason};` converts to any Result with that error type.
template <typename E>
struct Error {
    E reason;
};
template <typename E>
Error(E) -> Error<E>;

/// Either a `T` or an `E`. Must be looked at; `value()` asserts, so check first or use RF_TRY.
template <typename T, typename E>
class [[nodiscard]] Result {
public:
    using Value = T;
    using Reason = E;

    template <typename U = T>
        requires std::constructible_from<T, U&&> && (!std::same_as<std::remove_cvref_t<U>, Result>)
    constexpr Result(U&& value) : ok_(true) {  // NOLINT(google-explicit-constructor)
        std::construct_at(&value_, std::forward<U>(value));
    }
    template <typename F>
        requires std::constructible_from<E, F&&>
    constexpr Result(Error<F> error) : ok_(false) {  // NOLINT(google-explicit-constructor)
        std::construct_at(&reason_, std::move(error.reason));
    }
    constexpr Result(const Result& other) : ok_(other.ok_) { construct_from(other); }
    constexpr Result(Result&& other) noexcept : ok_(other.ok_) { construct_from(std::move(other)); }
    constexpr Result& operator=(Result other) noexcept {
        destroy();
        ok_ = other.ok_;
        construct_from(std::move(other));
        return *this;
    }
    constexpr ~Result() { destroy(); }

    [[nodiscard]] constexpr bool ok() const { return ok_; }
    constexpr explicit operator bool() const { return ok_; }

    [[nodiscard]] constexpr T& value() & {
        RF_ASSERT(ok_);
        return value_;
    }
    [[nodiscard]] constexpr const T& value() const& {
        RF_ASSERT(ok_);
        return value_;
    }
    [[nodiscard]] constexpr T&& value() && {
        RF_ASSERT(ok_);
        return std::move(value_);
    }
    [[nodiscard]] constexpr const E& error() const {
        RF_ASSERT(!ok_);
        return reason_;
    }
    [[nodiscard]] constexpr T value_or(T fallback) const {
        return ok_ ? value_ : std::move(fallback);
    }

private:
    template <typename Other>
    constexpr void construct_from(Other&& other) {
        if (ok_) {
            std::construct_at(&value_, std::forward<Other>(other).value_);
        } else {
            std::construct_at(&reason_, std::forward<Other>(other).reason_);
        }
    }
    constexpr void destroy() {
        if (ok_) {
            std::destroy_at(&value_);
        } else {
            std::destroy_at(&reason_);
        }
    }

    union {
        T value_;
        E reason_;
    };
    bool ok_;
};

/// Success without a value, or an `E`.
template <typename E>
class [[nodiscard]] Result<void, E> {
public:
    using Value = void;
    using Reason = E;

    constexpr Result() = default;
    template <typename F>
        requires std::constructible_from<E, F&&>
    constexpr Result(Error<F> error) : reason_(std::move(error.reason)), ok_(false) {}  // NOLINT

    [[nodiscard]] constexpr bool ok() const { return ok_; }
    constexpr explicit operator bool() const { return ok_; }
    [[nodiscard]] constexpr const E& error() const {
        RF_ASSERT(!ok_);
        return reason_;
    }

private:
    E reason_{};
    bool ok_ = true;
};

}  // namespace ringfence

/// Returns the error of `expression` from the calling function, if there is one.
#define RF_TRY(expression)                                \
    do {                                                  \
        auto rf_result = (expression);                    \
        if (!rf_result.ok()) {                            \
            return ::ringfence::Error{rf_result.error()}; \
        }                                                 \
    } while (false)

/// Declares `name` as the value of `expression`, or returns its error from the calling function.
#define RF_TRY_ASSIGN(name, expression)                   \
    auto name##_result = (expression);                    \
    if (!name##_result.ok()) {                            \
        return ::ringfence::Error{name##_result.error()}; \
    }                                                     \
    auto name = std::move(name##_result).value()
