// SPDX-License-Identifier: MIT
#include "lab/gdb/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <span>

namespace ringfence::lab::gdb {

namespace {

constexpr u64 lower_half_end = 0x0000'7fff'ffff'ffff;
constexpr u64 upper_half_start = 0xffff'8000'0000'0000;

Words words_of(std::string_view text) {
    Words words;
    while (!text.empty()) {
        const usize start = std::min(text.find_first_not_of(" \t\r\n"), text.size());
        text.remove_prefix(start);
        const usize end = std::min(text.find_first_of(" \t\r\n"), text.size());
        if (end != 0) {
            words.push_back(text.substr(0, end));
        }
        text.remove_prefix(end);
    }
    return words;
}

/// Decimal, or hexadecimal after 0x.
std::optional<u64> number_of(std::string_view word) {
    const bool is_hex = word.starts_with("0x");
    const std::string_view digits = word.substr(is_hex ? 2 : 0);
    u64 value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, is_hex ? 16 : 10);
    const bool whole = error == std::errc{} && end == digits.data() + digits.size();
    return whole ? std::optional{value} : std::nullopt;
}

/// A number, or a symbol's address.
std::optional<u64> address_of(const MonitorContext& context, std::string_view word) {
    if (const auto number = number_of(word)) {
        return number;
    }
    const auto address = context.symbols().address_of(word);
    return address ? std::optional{address->value()} : std::nullopt;
}

using Answer = std::optional<std::string>;  ///< nothing: the arguments make no sense

Answer translate(const MonitorContext& context, const Words& words) {
    const auto address = words.size() == 2 ? address_of(context, words[1]) : std::nullopt;
    return address ? Answer{show_walk(context, *address)} : std::nullopt;
}

Answer tables(const MonitorContext& context, const Words& words) {
    if (words.size() == 1) {
        return show_tables(context, 0, ~u64{0});
    }
    if (words.size() == 2 && words[1] == "user") {
        return show_tables(context, 0, lower_half_end);
    }
    if (words.size() == 2 && words[1] == "kernel") {
        return show_tables(context, upper_half_start, ~u64{0});
    }
    const auto first = address_of(context, words[1]);
    const auto bytes = words.size() == 3 ? number_of(words[2]) : std::nullopt;
    if (!first || !bytes || *bytes == 0 || *first + (*bytes - 1) < *first) {
        return std::nullopt;
    }
    return show_tables(context, *first, *first + (*bytes - 1));
}

Answer tlb(const MonitorContext& context, const Words& words) {
    return words.size() == 1 ? Answer{show_tlbs(context)} : std::nullopt;
}

Answer caches(const MonitorContext& context, const Words& words) {
    if (words.size() != 2) {
        return std::nullopt;
    }
    if (words[1] == "summary") {
        return show_caches(context);
    }
    const auto address = address_of(context, words[1]);
    return address ? Answer{show_line(context, *address)} : std::nullopt;
}

Answer counters(const MonitorContext& context, const Words& words) {
    using sim::observe::Place;
    if (words.size() != 1) {
        return std::nullopt;
    }
    const auto& counts = context.machine.counters();
    return fmt::format(
        "cycles {}\ninstructions {}: user {}, entry {}, kernel {}, exit {}\nroot writes {}, of "
        "these {} without a flush\n",
        context.machine.cycles(), counts.total_instructions(), counts.instructions_at(Place::User),
        counts.instructions_at(Place::Entry), counts.instructions_at(Place::Kernel),
        counts.instructions_at(Place::Exit), counts.root_writes, counts.root_writes_no_flush);
}

Answer physical(const MonitorContext& context, const Words& words) {
    constexpr u64 most = 65536;
    constexpr usize row = 16;
    const auto address = words.size() == 3 ? number_of(words[1]) : std::nullopt;
    const auto bytes = words.size() == 3 ? number_of(words[2]) : std::nullopt;
    if (!address || !bytes || *bytes == 0 || *bytes > most) {
        return std::nullopt;
    }
    std::vector<u8> content(*bytes);
    if (!context.machine.read_physical(PhysicalAddress{*address}, content)) {
        return fmt::format("{:#x}: not all of it is RAM\n", *address);
    }
    std::string text;
    for (usize at = 0; at < content.size(); at += row) {
        const auto part = std::span{content}.subspan(at, std::min(row, content.size() - at));
        text += fmt::format("{:#x}: {:02x}\n", *address + at, fmt::join(part, " "));
    }
    return text;
}

Answer symbol(const MonitorContext& context, const Words& words) {
    if (words.size() != 2) {
        return std::nullopt;
    }
    if (const auto number = number_of(words[1])) {
        const auto hit = context.symbols().find(VirtualAddress{*number});
        return hit ? fmt::format("{:#x} is {}+{:#x}\n", *number, hit->name, hit->offset)
                   : fmt::format("{:#x}: no symbol\n", *number);
    }
    const auto address = context.symbols().address_of(words[1]);
    return address ? fmt::format("{} is {:#x}\n", words[1], address->value())
                   : fmt::format("{}: no such symbol\n", words[1]);
}

Answer help(const MonitorContext& context, const Words& words);

struct Command {
    std::string_view name;
    const char* arguments;
    const char* what;
    Answer (*run)(const MonitorContext&, const Words&);
};

constexpr Command commands[] = {
    {"help", "", "this", &help},
    {"translate", "ADDRESS", "the walk of the page tables, entry by entry", &translate},
    {"tables", "[user|kernel|ADDRESS BYTES]", "what the current tables map", &tables},
    {"tlb", "", "what the TLBs hold", &tlb},
    {"caches", "ADDRESS|summary", "which caches hold a line (timed mode)", &caches},
    {"counters", "", "cycles and instructions since the machine was made", &counters},
    {"cycles", "", "the same", &counters},
    {"physical", "ADDRESS BYTES", "physical memory", &physical},
    {"symbol", "ADDRESS|NAME", "what is there, or where it is", &symbol},
};

Answer help(const MonitorContext&, const Words&) {
    std::string text;
    for (const Command& command : commands) {
        text += fmt::format("{:<40}{}\n", fmt::format("{} {}", command.name, command.arguments),
                            command.what);
    }
    return text + "Numbers are decimal, or hexadecimal after 0x; an ADDRESS may be a symbol.\n";
}

}  // namespace

std::string run_monitor(std::string_view typed, const MonitorContext& context) {
    const Words words = words_of(typed);
    const auto found =
        words.empty() ? std::end(commands) : std::ranges::find(commands, words[0], &Command::name);
    if (found == std::end(commands)) {
        return fmt::format("no command '{}'; 'monitor help' lists them\n",
                           words.empty() ? "" : words[0]);
    }
    const Answer answer = found->run(context, words);
    return answer ? *answer : fmt::format("expected: {} {}\n", found->name, found->arguments);
}

}  // namespace ringfence::lab::gdb
