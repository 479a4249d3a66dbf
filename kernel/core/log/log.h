// SPDX-License-Identifier: MIT
// The kernel log: lines on COM1. The formatter knows {} for integers, characters, strings,
// booleans, pointers and addresses, and {x} for hexadecimal.
#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel {

/// One value to be formatted.
struct FormatArgument {
    enum class Kind : u8 { Unsigned, Signed, Character, Text, Hexadecimal };
    Kind kind;
    u64 number = 0;
    std::string_view text{};

    constexpr FormatArgument(std::string_view value) : kind(Kind::Text), text(value) {}
    constexpr FormatArgument(const char* value) : kind(Kind::Text), text(value) {}
    constexpr FormatArgument(char value) : kind(Kind::Character), number(static_cast<u8>(value)) {}
    constexpr FormatArgument(bool value) : kind(Kind::Text), text(value ? "true" : "false") {}
    template <std::signed_integral T>
    constexpr FormatArgument(T value) : kind(Kind::Signed), number(static_cast<u64>(i64{value})) {}
    template <std::unsigned_integral T>
    constexpr FormatArgument(T value) : kind(Kind::Unsigned), number(value) {}
    template <typename Tag>
    constexpr FormatArgument(Address<Tag> value) : kind(Kind::Hexadecimal), number(value.value()) {}
    FormatArgument(const void* value)
        : kind(Kind::Hexadecimal), number(reinterpret_cast<u64>(value)) {}
};

/// Writes `format` with its arguments into `to`, cut at its end; gives what was written. A
/// placeholder without an argument is written as it stands.
std::string_view format_arguments(std::span<char> to, std::string_view format,
                                  std::span<const FormatArgument> arguments);

template <typename... Values>
std::string_view format_to(std::span<char> to, std::string_view format, const Values&... values) {
    if constexpr (sizeof...(Values) == 0) {
        return format_arguments(to, format, {});
    } else {
        const FormatArgument arguments[] = {FormatArgument(values)...};
        return format_arguments(to, format, arguments);
    }
}

/// Routine lines are dropped with `quiet` on the command line; the others are always written.
enum class LogLevel : u8 { Routine, Important };
void set_log_quiet(bool quiet);
void log_line(LogLevel level, std::string_view line);

/// One line, at most 255 characters.
template <typename... Values>
void log(std::string_view format, const Values&... values) {
    char line[256];
    log_line(LogLevel::Routine, format_to(line, format, values...));
}
template <typename... Values>
void log_important(std::string_view format, const Values&... values) {
    char line[256];
    log_line(LogLevel::Important, format_to(line, format, values...));
}

/// Prints the message and a backtrace, and ends the machine.
[[noreturn]] void panic(std::string_view message);

}  // namespace ringfence::kernel
