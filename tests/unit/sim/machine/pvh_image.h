// SPDX-License-Identifier: MIT
// Builds small PVH kernels in memory: one loadable segment with 32-bit code, and the note.
#pragma once

#include <elf.h>

#include <cstring>
#include <span>
#include <vector>

#include "base/types.h"

namespace ringfence::sim::machine::testing {

inline constexpr u64 load_address = 0x10'0000;

struct ImageParts {
    Elf64_Ehdr header;
    Elf64_Phdr code;
    Elf64_Phdr note;
    struct {
        Elf64_Nhdr header;
        char name[4];
        u32 entry;
    } pvh;
};

/// A correct image of `program`; `change` may spoil its headers.
template <typename Change>
std::vector<u8> make_image(std::span<const u8> program, Change change) {
    ImageParts parts{};
    std::memcpy(parts.header.e_ident, ELFMAG, SELFMAG);
    parts.header.e_ident[EI_CLASS] = ELFCLASS64;
    parts.header.e_ident[EI_DATA] = ELFDATA2LSB;
    parts.header.e_ident[EI_VERSION] = EV_CURRENT;
    parts.header.e_type = ET_EXEC;
    parts.header.e_machine = EM_X86_64;
    parts.header.e_version = EV_CURRENT;
    parts.header.e_entry = load_address;
    parts.header.e_phoff = offsetof(ImageParts, code);
    parts.header.e_ehsize = sizeof(Elf64_Ehdr);
    parts.header.e_phentsize = sizeof(Elf64_Phdr);
    parts.header.e_phnum = 2;
    parts.code = {.p_type = PT_LOAD,
                  .p_flags = PF_R | PF_W | PF_X,
                  .p_offset = sizeof(ImageParts),
                  .p_vaddr = load_address,
                  .p_paddr = load_address,
                  .p_filesz = program.size(),
                  .p_memsz = program.size() + 0x1000,
                  .p_align = 0x1000};
    parts.note = {.p_type = PT_NOTE,
                  .p_flags = PF_R,
                  .p_offset = offsetof(ImageParts, pvh),
                  .p_vaddr = 0,
                  .p_paddr = 0,
                  .p_filesz = sizeof(parts.pvh),
                  .p_memsz = sizeof(parts.pvh),
                  .p_align = 4};
    parts.pvh.header = {.n_namesz = 4, .n_descsz = 4, .n_type = 18};
    std::memcpy(parts.pvh.name, "Xen", 4);
    parts.pvh.entry = load_address;
    change(parts);
    std::vector<u8> image(sizeof(parts) + program.size());
    std::memcpy(image.data(), &parts, sizeof(parts));
    std::memcpy(image.data() + sizeof(parts), program.data(), program.size());
    return image;
}

inline std::vector<u8> make_image(std::span<const u8> program) {
    return make_image(program, [](ImageParts&) {});
}

/// The same as a 32-bit file.
inline std::vector<u8> make_image32(std::span<const u8> program) {
    struct {
        Elf32_Ehdr header{};
        Elf32_Phdr code{};
        Elf32_Phdr note{};
        decltype(ImageParts::pvh) pvh{};
    } parts;
    const u32 total = static_cast<u32>(sizeof(parts) + program.size());
    std::memcpy(parts.header.e_ident, ELFMAG, SELFMAG);
    parts.header.e_ident[EI_CLASS] = ELFCLASS32;
    parts.header.e_ident[EI_DATA] = ELFDATA2LSB;
    parts.header.e_machine = EM_386;
    parts.header.e_entry = load_address;
    parts.header.e_phoff = offsetof(decltype(parts), code);
    parts.header.e_phentsize = sizeof(Elf32_Phdr);
    parts.header.e_phnum = 2;
    parts.code = {.p_type = PT_LOAD,
                  .p_offset = sizeof(parts),
                  .p_vaddr = load_address,
                  .p_paddr = load_address,
                  .p_filesz = static_cast<u32>(program.size()),
                  .p_memsz = static_cast<u32>(program.size()),
                  .p_flags = PF_R | PF_W | PF_X,
                  .p_align = 0x1000};
    parts.note = {.p_type = PT_NOTE,
                  .p_offset = offsetof(decltype(parts), pvh),
                  .p_vaddr = 0,
                  .p_paddr = 0,
                  .p_filesz = sizeof(parts.pvh),
                  .p_memsz = sizeof(parts.pvh),
                  .p_flags = PF_R,
                  .p_align = 4};
    parts.pvh.header = {.n_namesz = 4, .n_descsz = 4, .n_type = 18};
    std::memcpy(parts.pvh.name, "Xen", 4);
    parts.pvh.entry = load_address;
    std::vector<u8> image(total);
    std::memcpy(image.data(), &parts, sizeof(parts));
    std::memcpy(image.data() + sizeof(parts), program.data(), program.size());
    return image;
}

}  // namespace ringfence::sim::machine::testing
