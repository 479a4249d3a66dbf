// SPDX-License-Identifier: MIT
#include "sim/presets/figure_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

namespace ringfence::sim::presets {

namespace {

constexpr std::array<std::string_view, 3> forwards{"data", "zero", "block"};
constexpr unsigned port_limit = 16;
constexpr double most_entries = 1'000'000;
constexpr double most_cycles = 1'000'000;

using Rules = std::vector<FigureRule>;

void number(Rules& rules, std::string path, std::string unit, double low, double high,
            std::string meaning) {
    rules.push_back({.path = std::move(path),
                     .unit = std::move(unit),
                     .low = low,
                     .high = high,
                     .meaning = std::move(meaning)});
}

void flag(Rules& rules, std::string path, std::string meaning) {
    rules.push_back({.path = std::move(path),
                     .kind = FigureKind::Switch,
                     .high = 1,
                     .meaning = std::move(meaning)});
}

void ports(Rules& rules, std::string path, std::string meaning) {
    rules.push_back({.path = std::move(path),
                     .kind = FigureKind::Ports,
                     .low = 1,
                     .high = (1 << port_limit) - 1,
                     .meaning = std::move(meaning)});
}

void add_clock(Rules& rules) {
    number(rules, "identity.clock_hz", "Hz", 1e8, 2e10, "core clock and time-stamp counter");
}

void add_core(Rules& rules) {
    constexpr double most_width = 32;
    constexpr double most_queue = 4096;
    number(rules, "core.fetch_bytes", "bytes", 1, 64, "code fetched per cycle");
    number(rules, "core.decode_width", "instructions", 1, most_width, "decoded per cycle");
    number(rules, "core.dispatch_width", "micro-ops", 1, most_width, "dispatched per cycle");
    number(rules, "core.retire_width", "micro-ops", 1, most_width, "retired per cycle");
    number(rules, "core.reorder_buffer", "micro-ops", 1, most_queue, "between dispatch and retire");
    number(rules, "core.scheduler", "micro-ops", 1, most_queue, "waiting for operands or a port");
    number(rules, "core.load_queue", "loads", 1, most_queue, "between dispatch and retirement");
    number(rules, "core.store_queue", "stores", 1, most_queue, "between dispatch and commit");
    number(rules, "core.mispredict_penalty", "cycles", 1, 1000,
           "from a branch's execution to the right path's first one");
    number(rules, "core.store_forward_latency", "cycles", 1, 1000,
           "of a load from a store that has not left the queue");
    number(rules, "core.exception_start", "cycles", 0, 1000,
           "from a faulting instruction being the oldest to the squash of the younger ones");
    ports(rules, "core.load_ports", "loads");
    ports(rules, "core.store_address_ports", "address half of stores");
    ports(rules, "core.store_data_ports", "data half of stores");
}

void add_predictor(Rules& rules) {
    number(rules, "predictor.history_bits", "branches", 0, 63, "outcomes that a prediction uses");
    number(rules, "predictor.counters", "counters", 2, most_entries, "two-bit, of directions");
    number(rules, "predictor.target_entries", "entries", 1, most_entries, "branch target buffer");
    number(rules, "predictor.target_ways", "ways", 1, 64, "of the branch target buffer");
    number(rules, "predictor.return_stack", "entries", 1, 64, "return addresses");
    number(rules, "predictor.indirect_entries", "entries", 1, most_entries,
           "targets of indirect branches, by history");
}

void add_execution(Rules& rules) {
    for (const std::string_view name : execution_names()) {
        const std::string path = "execution." + std::string{name};
        ports(rules, path + ".ports", "that take it");
        number(rules, path + ".latency", "cycles", 1, 1000, "from operands to result");
        number(rules, path + ".occupancy", "cycles", 1, 512,
               "for which the port takes no other of this class");
        number(rules, path + ".micro_operations", "micro-ops", 1, 255, "of one instruction");
    }
}

void add_memory(Rules& rules) {
    for (const char* const name : {"l1i", "l1d", "l2", "llc"}) {
        const std::string path = std::string{"cache."} + name;
        number(rules, path + ".kib", "KiB", 1, 1 << 18, "size");
        number(rules, path + ".ways", "ways", 1, 128, "associativity");
        number(rules, path + ".latency", "cycles", 1, 10'000, "load to use, from the core");
    }
    number(rules, "cache.l1d.fill_buffers", "lines", 1, 1024, "misses of L1D in flight");
    number(rules, "cache.l2.fill_buffers", "lines", 1, 1024, "misses of L2 in flight");
    flag(rules, "cache.llc.inclusive",
         "a line that leaves it leaves L1 and L2; else a victim cache");
    number(rules, "memory.latency_ns", "ns", 1, 10'000, "load to use, from the core");
    rules.back().whole = false;
    number(rules, "memory.gap_ns", "ns", 0, 1000, "between two lines from memory, at best");
    rules.back().whole = false;
    flag(rules, "prefetch.stride", "into L1D, by the load's address and stride");
    flag(rules, "prefetch.streamer", "into L2, within 4 KiB");
    flag(rules, "prefetch.adjacent_line", "into L2, the other line of an aligned pair");
    flag(rules, "prefetch.next_line_instructions", "into L1I");
}

void add_translation(Rules& rules) {
    const auto add_tlb = [&rules](const std::string& path, bool required, const char* meaning) {
        number(rules, path + ".entries", "entries", 1, most_entries, meaning);
        rules.back().required = required;
        number(rules, path + ".ways", "ways", 0, most_entries, "0: fully associative");
        rules.back().required = required;
    };
    add_tlb("tlb.itlb_4k", true, "fetches; all page sizes where there is no itlb_2m");
    add_tlb("tlb.itlb_2m", false, "fetches");
    add_tlb("tlb.dtlb_4k", true, "data; all page sizes that have no TLB of their own");
    add_tlb("tlb.dtlb_2m", false, "data");
    add_tlb("tlb.dtlb_1g", false, "data");
    add_tlb("tlb.stlb_4k", false, "second level");
    add_tlb("tlb.stlb_4k2m", false, "second level, shared by 4 KiB and 2 MiB pages");
    add_tlb("tlb.stlb_2m", false, "second level");
    add_tlb("tlb.stlb_1g", false, "second level");
    add_tlb("paging_structure_cache.pde", true, "entries that point to page tables");
    add_tlb("paging_structure_cache.pdpte", true, "entries that point to page directories");
    add_tlb("paging_structure_cache.pml4", true, "entries of the top level");
    number(rules, "translation.stlb_hit_extra", "cycles", 0, 1000, "beyond a first-level hit");
    number(rules, "translation.walkers", "walks", 1, 64, "at a time");
    number(rules, "translation.nested_page_shift", "bits", 12, 30,
           "log2 of a page of the hypervisor's tables below the guest's; absent: no hypervisor");
    rules.back().required = false;
    flag(rules, "translation.faulting_access_fills",
         "an access that the page's rights forbid still fills the TLBs");
}

void add_privileged(Rules& rules) {
    struct Cost {
        const char* name;
        const char* meaning;
    };
    static constexpr std::array<Cost, 19> costs{{
        {"syscall", "SYSCALL"},
        {"sysret", "SYSRET"},
        {"swapgs", "SWAPGS"},
        {"cr3_write", "MOV to CR3, without the refill of TLBs"},
        {"iret", "IRET"},
        {"page_fault", "delivery of #PF"},
        {"exception", "delivery of any other exception"},
        {"interrupt", "delivery of an interrupt or of INT n"},
        {"invlpg", "INVLPG"},
        {"invpcid_page", "INVPCID of one address"},
        {"invpcid_all", "INVPCID of more than one address"},
        {"read_msr", "RDMSR"},
        {"write_msr", "WRMSR"},
        {"control_register", "MOV to CR0 or CR4"},
        {"cpuid", "CPUID"},
        {"verw_clear", "VERW"},
        {"port_io", "IN, OUT"},
        {"read_time", "RDTSC, RDTSCP"},
        {"other_system", "any other privileged instruction"},
    }};
    for (const Cost& cost : costs) {
        number(rules, std::string{"privileged."} + cost.name, "cycles", 0, most_cycles,
               cost.meaning);
    }
    static constexpr std::array<Cost, 3> of_transactions{{
        {"xbegin", "XBEGIN"},
        {"xend", "XEND that commits"},
        {"transaction_abort", "from the squash to the fallback's first instruction"},
    }};
    for (const Cost& cost : of_transactions) {
        number(rules, std::string{"privileged."} + cost.name, "cycles", 0, most_cycles,
               cost.meaning);
        rules.back().required = false;
    }
}

void add_vulnerability(Rules& rules) {
    rules.push_back({.path = "vulnerability.fault_forward",
                     .kind = FigureKind::Forward,
                     .high = forwards.size() - 1,
                     .meaning = "what dependents of a user load of a supervisor page get"});
    flag(rules, "vulnerability.terminal_fault",
         "the frame of an entry that is not present is looked up in L1D");
    flag(rules, "vulnerability.register_forward",
         "dependents of a system register read without the right get its value");
}

Rules make_rules() {
    Rules rules;
    add_clock(rules);
    add_core(rules);
    add_predictor(rules);
    add_execution(rules);
    add_memory(rules);
    add_translation(rules);
    add_privileged(rules);
    add_vulnerability(rules);
    return rules;
}

std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stopped == end ? std::optional<double>{value} : std::nullopt;
}

std::optional<double> parse_ports(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    if (text.size() < 2 || text.front() != 'p') {
        return std::nullopt;
    }
    unsigned set = 0;
    for (const char letter : text.substr(1)) {
        const auto port = digits.find(letter);
        if (port == std::string_view::npos || (set & 1U << port) != 0) {
            return std::nullopt;
        }
        set |= 1U << port;
    }
    return set;
}

}  // namespace

std::span<const std::string_view> execution_names() {
    static constexpr std::array<std::string_view, 22> names{"integer",
                                                            "lea",
                                                            "shift",
                                                            "multiply",
                                                            "divide32",
                                                            "divide64",
                                                            "bit_scan",
                                                            "branch",
                                                            "vector_integer",
                                                            "vector_shuffle",
                                                            "vector_multiply",
                                                            "float_add",
                                                            "float_multiply",
                                                            "float_divide32",
                                                            "float_divide64",
                                                            "float_square_root",
                                                            "convert",
                                                            "transfer",
                                                            "aes",
                                                            "x87",
                                                            "x87_slow",
                                                            "microcode"};
    return names;
}

const std::vector<FigureRule>& figure_rules() {
    static const Rules rules = make_rules();
    return rules;
}

const FigureRule* find_rule(std::string_view path) {
    static const auto by_path = [] {
        std::map<std::string_view, const FigureRule*> map;
        for (const FigureRule& rule : figure_rules()) {
            map.emplace(rule.path, &rule);
        }
        return map;
    }();
    const auto found = by_path.find(path);
    return found == by_path.end() ? nullptr : found->second;
}

bool FigureRule::allows(double value) const {
    return std::isfinite(value) && value >= low && value <= high &&
           (!whole || value == std::floor(value));
}

std::string FigureRule::expected() const {
    switch (kind) {
        case FigureKind::Switch:
            return "true or false";
        case FigureKind::Ports:
            return "a set of ports such as \"p0156\"";
        case FigureKind::Forward:
            return R"("data", "zero" or "block")";
        case FigureKind::Number:
            break;
    }
    return (whole ? "a whole number from " : "a number from ") + format_value(*this, low) + " to " +
           format_value(*this, high);
}

std::optional<double> parse_value(const FigureRule& rule, std::string_view text) {
    switch (rule.kind) {
        case FigureKind::Switch:
            if (text == "true" || text == "on" || text == "1") {
                return 1;
            }
            return text == "false" || text == "off" || text == "0" ? std::optional<double>{0}
                                                                   : std::nullopt;
        case FigureKind::Ports:
            return parse_ports(text);
        case FigureKind::Forward: {
            const auto* const found = std::ranges::find(forwards, text);
            return found == forwards.end() ? std::nullopt
                                           : std::optional<double>{found - forwards.begin()};
        }
        case FigureKind::Number:
            break;
    }
    return parse_number(text);
}

std::string format_value(const FigureRule& rule, double value) {
    switch (rule.kind) {
        case FigureKind::Switch:
            return value != 0 ? "true" : "false";
        case FigureKind::Ports: {
            std::string text = "p";
            for (unsigned port = 0; port < port_limit; ++port) {
                if ((static_cast<unsigned>(value) >> port & 1) != 0) {
                    text += "0123456789abcdef"[port];
                }
            }
            return text;
        }
        case FigureKind::Forward:
            return std::string{forwards[static_cast<usize>(value)]};
        case FigureKind::Number:
            break;
    }
    return format_number(value);
}

std::string format_number(double value) {
    std::array<char, 32> text;
    const auto [end, error] =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    return {text.data(), error == std::errc{} ? end : text.data()};
}

}  // namespace ringfence::sim::presets
