// SPDX-License-Identifier: MIT
// Kernels of a few bytes that do one thing wrong, to see what the command makes of them.
#pragma once

#include <elf.h>

#include <cstring>
#include <string>
#include <string_view>

#include "abi/pvh.h"

namespace ringfence::end_to_end {

/// A PVH image whose entry point, in 32-bit protected mode, is `code`. [xen/pvh]
inline std::string tiny_kernel(std::string_view code) {
    constexpr u64 base = 0x100000;
    struct Note {
        u32 name_size = 4;
        u32 size = 4;
        u32 type = abi::pvh::note_phys32_entry;
        char name[4] = {'X', 'e', 'n', '\0'};
        u32 entry = 0;
    } note;
    const u64 note_at = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
    const u64 code_at = note_at + sizeof note;
    note.entry = static_cast<u32>(base + code_at);
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_entry = base + code_at;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    const u64 total = code_at + code.size();
    const Elf64_Phdr load = {PT_LOAD, PF_R | PF_X, 0, base, base, total, total, 0x1000};
    const Elf64_Phdr notes = {PT_NOTE,        PF_R,        note_at,     base + note_at,
                              base + note_at, sizeof note, sizeof note, 4};
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes.append(reinterpret_cast<const char*>(&load), sizeof load);
    bytes.append(reinterpret_cast<const char*>(&notes), sizeof notes);
    bytes.append(reinterpret_cast<const char*>(&note), sizeof note);
    return bytes.append(code);
}

}  // namespace ringfence::end_to_end
