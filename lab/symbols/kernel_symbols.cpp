// SPDX-License-Identifier: MIT
#include "lab/symbols/kernel_symbols.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "lab/error.h"
#include "lab/machine/bytes.h"
#include "lab/pack/host_files.h"
#include "lab/symbols/kallsyms.h"

namespace ringfence::lab::symbols {

using sim::observe::NamedAddress;
using sim::observe::SymbolTable;

namespace {

/// As nm(1) prints them: code, and absolute or weak symbols that may be.
bool is_code(char type) {
    return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

SymbolTable table_of(const std::vector<KallsymsEntry>& entries) {
    std::vector<NamedAddress> names;
    for (const KallsymsEntry& entry : entries) {
        if (is_code(entry.type)) {
            names.push_back({entry.address, entry.name});
        }
    }
    SymbolTable table;
    table.add_names(std::move(names));
    return table;
}

/// A line of a System.map, without its end.
KallsymsEntry parse_line(std::string_view line, const std::string& path, usize number) {
    KallsymsEntry entry{};
    const auto [end, error] =
        std::from_chars(line.data(), line.data() + line.size(), entry.address, 16);
    const usize digits = static_cast<usize>(end - line.data());
    const std::string_view rest = line.substr(digits);
    constexpr usize name_at = 3;  // " T name"
    if (error != std::errc{} || rest.size() <= name_at || rest[0] != ' ' || rest[2] != ' ') {
        fail(Failure::Own, "{}:{}: expected an address, a type and a name", path, number);
    }
    entry.type = rest[1];
    entry.name = rest.substr(name_at);
    return entry;
}

}  // namespace

SymbolTable symbols_of(std::string_view elf) {
    SymbolTable table;
    table.add_elf(machine::as_span(elf));
    if (table.empty()) {
        if (const auto own = find_kallsyms(machine::as_span(elf))) {
            return table_of(*own);
        }
    }
    return table;
}

SymbolTable read_system_map(const std::string& path) {
    const std::string text = pack::read_host_file(path, Failure::Own).bytes;
    std::vector<KallsymsEntry> entries;
    usize number = 0;
    for (usize at = 0; at < text.size();) {
        const usize end = std::min(text.find('\n', at), text.size());
        entries.push_back(parse_line(std::string_view(text).substr(at, end - at), path, ++number));
        at = end + 1;
    }
    return table_of(entries);
}

}  // namespace ringfence::lab::symbols
