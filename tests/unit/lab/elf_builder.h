// SPDX-License-Identifier: MIT
// Small ELF files made to order, right or wrong in one field.
#pragma once

#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/types.h"

namespace ringfence::lab::testing {

struct ElfRecipe {
    u16 type = ET_EXEC;
    std::string interpreter{};  ///< none if empty
    std::vector<std::string> needed{};
    std::string runpath{};  ///< none if empty
    std::string rpath{};    ///< none if empty
};

/// One segment at 0x400000 that covers the whole file, with the entry point in it.
inline std::string build_elf(const ElfRecipe& recipe) {
    constexpr u64 base = 0x400000;
    std::string strings(1, '\0');
    std::vector<Elf64_Dyn> dynamic;
    const auto add = [&](Elf64_Sxword tag, const std::string& text) {
        Elf64_Dyn entry{};
        entry.d_tag = tag;
        entry.d_un.d_val = strings.size();
        dynamic.push_back(entry);
        strings += text + '\0';
    };
    for (const std::string& name : recipe.needed) {
        add(DT_NEEDED, name);
    }
    if (!recipe.runpath.empty()) {
        add(DT_RUNPATH, recipe.runpath);
    }
    if (!recipe.rpath.empty()) {
        add(DT_RPATH, recipe.rpath);
    }
    constexpr u16 segments = 3;
    const u64 interpreter_at = sizeof(Elf64_Ehdr) + segments * sizeof(Elf64_Phdr);
    const u64 strings_at = interpreter_at + recipe.interpreter.size() + 1;
    const u64 dynamic_at = strings_at + strings.size();
    Elf64_Dyn table{};
    table.d_tag = DT_STRTAB;
    table.d_un.d_ptr = base + strings_at;
    dynamic.push_back(table);
    dynamic.push_back(Elf64_Dyn{});

    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = recipe.type;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_entry = base + interpreter_at;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = segments;

    const u64 dynamic_bytes = dynamic.size() * sizeof(Elf64_Dyn);
    const u64 total = dynamic_at + dynamic_bytes;
    std::vector<Elf64_Phdr> programs(segments);
    programs[0] = {PT_LOAD, PF_R | PF_X, 0, base, base, total, total, 0x1000};
    programs[1] = {recipe.interpreter.empty() ? Elf64_Word{PT_NULL} : Elf64_Word{PT_INTERP},
                   PF_R,
                   interpreter_at,
                   base + interpreter_at,
                   base + interpreter_at,
                   recipe.interpreter.size() + 1,
                   recipe.interpreter.size() + 1,
                   1};
    programs[2] = {PT_DYNAMIC,        PF_R,          dynamic_at,    base + dynamic_at,
                   base + dynamic_at, dynamic_bytes, dynamic_bytes, 8};

    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes.append(reinterpret_cast<const char*>(programs.data()), segments * sizeof(Elf64_Phdr));
    bytes.append(recipe.interpreter.c_str(), recipe.interpreter.size() + 1);
    bytes += strings;
    bytes.append(reinterpret_cast<const char*>(dynamic.data()), dynamic_bytes);
    return bytes;
}

/// Overwrites a field of a built file.
template <typename T>
void patch(std::string& bytes, u64 offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
}

}  // namespace ringfence::lab::testing
