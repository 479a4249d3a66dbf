// SPDX-License-Identifier: MIT
#include "kernel/core/log/log.h"

namespace ringfence::kernel {

namespace {

/// Appends to a buffer and drops what does not fit.
class Writer {
public:
    explicit Writer(std::span<char> to) : to_(to) {}

    void character(char c) {
        if (used_ < to_.size()) {
            to_[used_] = c;
            ++used_;
        }
    }
    void text(std::string_view text) {
        for (const char c : text) {
            character(c);
        }
    }
    void number(u64 value, unsigned base) {
        char digits[24];
        unsigned count = 0;
        do {
            digits[count] = "0123456789abcdef"[value % base];
            ++count;
            value /= base;
        } while (value > 0);
        while (count > 0) {
            --count;
            character(digits[count]);
        }
    }
    [[nodiscard]] std::string_view written() const { return {to_.data(), used_}; }

private:
    std::span<char> to_;
    usize used_ = 0;
};

constexpr unsigned decimal = 10;
constexpr unsigned hexadecimal = 16;

void write_hexadecimal(Writer& writer, u64 value) {
    writer.text("0x");
    writer.number(value, hexadecimal);
}

void write_signed(Writer& writer, i64 value) {
    if (value < 0) {
        writer.character('-');
    }
    writer.number(value < 0 ? u64{0} - static_cast<u64>(value) : static_cast<u64>(value), decimal);
}

void write_argument(Writer& writer, const FormatArgument& argument, bool as_hexadecimal) {
    using Kind = FormatArgument::Kind;
    switch (argument.kind) {
        case Kind::Text:
            writer.text(argument.text);
            return;
        case Kind::Character:
            writer.character(static_cast<char>(argument.number));
            return;
        case Kind::Hexadecimal:
            write_hexadecimal(writer, argument.number);
            return;
        case Kind::Signed:
        case Kind::Unsigned:
            break;
    }
    if (as_hexadecimal) {
        write_hexadecimal(writer, argument.number);
    } else if (argument.kind == Kind::Signed) {
        write_signed(writer, static_cast<i64>(argument.number));
    } else {
        writer.number(argument.number, decimal);
    }
}

}  // namespace

std::string_view format_arguments(std::span<char> to, std::string_view format,
                                  std::span<const FormatArgument> arguments) {
    constexpr std::string_view plain = "{}";
    constexpr std::string_view hex = "{x}";
    Writer writer(to);
    usize next = 0;
    while (!format.empty()) {
        const bool as_hexadecimal = format.starts_with(hex);
        if ((as_hexadecimal || format.starts_with(plain)) && next < arguments.size()) {
            write_argument(writer, arguments[next], as_hexadecimal);
            ++next;
            format.remove_prefix(as_hexadecimal ? hex.size() : plain.size());
            continue;
        }
        writer.character(format.front());
        format.remove_prefix(1);
    }
    return writer.written();
}

}  // namespace ringfence::kernel
