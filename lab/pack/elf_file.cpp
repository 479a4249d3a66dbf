// SPDX-License-Identifier: MIT
#include "lab/pack/elf_file.h"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>

namespace ringfence::lab::pack {

namespace {

using Failed = Error<std::string>;

/// The end of the lower half with four-level paging: no segment may reach past it.
constexpr u64 user_end = 0x7fff'ffff'f000;

template <typename T>
std::optional<T> load(std::string_view bytes, u64 offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) {
        return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

bool inside(std::string_view bytes, u64 offset, u64 size) {
    return offset <= bytes.size() && size <= bytes.size() - offset;
}

std::string machine_name(u16 machine) {
    switch (machine) {
        case EM_386:
            return "i386";
        case EM_X86_64:
            return "x86-64";
        case EM_ARM:
            return "ARM";
        case EM_AARCH64:
            return "AArch64";
        case EM_RISCV:
            return "RISC-V";
        case EM_PPC64:
            return "PowerPC64";
        case EM_S390:
            return "s390";
        case EM_MIPS:
            return "MIPS";
        default:
            return fmt::format("machine {}", machine);
    }
}

Result<void, std::string> check_load_segment(std::string_view bytes, const Elf64_Phdr& segment) {
    if (!inside(bytes, segment.p_offset, segment.p_filesz)) {
        return Failed{fmt::format("is cut off: a segment needs bytes {} to {} and the file has {}",
                                  segment.p_offset, segment.p_offset + segment.p_filesz,
                                  bytes.size())};
    }
    if (segment.p_memsz < segment.p_filesz || segment.p_vaddr > user_end ||
        segment.p_memsz > user_end - segment.p_vaddr) {
        return Failed{fmt::format("is corrupt: its segment at {:#x} has an impossible size",
                                  segment.p_vaddr)};
    }
    return {};
}

/// The program headers, each read once.
Result<std::vector<Elf64_Phdr>, std::string> read_segments(std::string_view bytes,
                                                           const Elf64_Ehdr& header) {
    if (header.e_phentsize != sizeof(Elf64_Phdr)) {
        return Failed{fmt::format("is corrupt: program headers of {} bytes, expected {}",
                                  header.e_phentsize, sizeof(Elf64_Phdr))};
    }
    if (!inside(bytes, header.e_phoff, u64{header.e_phnum} * sizeof(Elf64_Phdr))) {
        return Failed{"is cut off: its program headers lie past the end of the file"};
    }
    std::vector<Elf64_Phdr> segments;
    bool loads = false;
    for (u64 i = 0; i < header.e_phnum; ++i) {
        const auto segment = load<Elf64_Phdr>(bytes, header.e_phoff + i * sizeof(Elf64_Phdr));
        if (segment->p_type == PT_LOAD) {
            RF_TRY(check_load_segment(bytes, *segment));
            loads = true;
        }
        segments.push_back(*segment);
    }
    if (!loads) {
        return Failed{"has nothing to load: no PT_LOAD segment"};
    }
    return segments;
}

/// Where a virtual address lies in the file.
std::optional<u64> file_offset(const std::vector<Elf64_Phdr>& segments, u64 address) {
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_filesz) {
            return address - segment.p_vaddr + segment.p_offset;
        }
    }
    return std::nullopt;
}

/// The string that starts at `offset`, or nothing when the file ends before its NUL does.
std::optional<std::string> string_at(std::string_view bytes, u64 offset) {
    if (offset >= bytes.size()) {
        return std::nullopt;
    }
    const usize end = bytes.find('\0', offset);
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    return std::string(bytes.substr(offset, end - offset));
}

void split_paths(std::string_view list, std::vector<std::string>& into) {
    while (!list.empty()) {
        const usize colon = list.find(':');
        if (colon != 0) {
            into.emplace_back(list.substr(0, colon));
        }
        list = colon == std::string_view::npos ? std::string_view{} : list.substr(colon + 1);
    }
}

Result<void, std::string> read_dynamic(std::string_view bytes,
                                       const std::vector<Elf64_Phdr>& segments,
                                       const Elf64_Phdr& dynamic, ElfFacts& facts) {
    if (!inside(bytes, dynamic.p_offset, dynamic.p_filesz)) {
        return Failed{"is cut off: its dynamic section lies past the end of the file"};
    }
    std::vector<Elf64_Dyn> entries;
    std::optional<u64> strings;
    for (u64 at = 0; at + sizeof(Elf64_Dyn) <= dynamic.p_filesz; at += sizeof(Elf64_Dyn)) {
        const auto entry = load<Elf64_Dyn>(bytes, dynamic.p_offset + at);
        if (!entry || entry->d_tag == DT_NULL) {
            break;
        }
        if (entry->d_tag == DT_STRTAB) {
            strings = file_offset(segments, entry->d_un.d_ptr);
        }
        entries.push_back(*entry);
    }
    for (const Elf64_Dyn& entry : entries) {
        if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_RPATH && entry.d_tag != DT_RUNPATH) {
            continue;
        }
        const auto text = strings && entry.d_un.d_val < bytes.size()
                              ? string_at(bytes, *strings + entry.d_un.d_val)
                              : std::nullopt;
        if (!text) {
            return Failed{"is corrupt: its dynamic section names a string outside the file"};
        }
        if (entry.d_tag == DT_NEEDED) {
            facts.needed.push_back(*text);
        } else {
            split_paths(*text, entry.d_tag == DT_RPATH ? facts.rpath : facts.runpath);
        }
    }
    return {};
}

Result<void, std::string> read_interpreter(std::string_view bytes, const Elf64_Phdr& segment,
                                           ElfFacts& facts) {
    constexpr u64 longest_path = 4096;
    if (!inside(bytes, segment.p_offset, segment.p_filesz) || segment.p_filesz < 2 ||
        segment.p_filesz > longest_path) {
        return Failed{"is corrupt: the name of its dynamic linker is not in the file"};
    }
    const std::string_view field = bytes.substr(segment.p_offset, segment.p_filesz);
    if (field.back() != '\0') {
        return Failed{"is corrupt: the name of its dynamic linker does not end"};
    }
    facts.interpreter = std::string(field.substr(0, field.find('\0')));
    return {};
}

}  // namespace

bool is_elf(std::string_view bytes) {
    return bytes.starts_with(std::string_view(ELFMAG, SELFMAG));
}

Result<void, std::string> check_elf_identity(std::string_view bytes) {
    if (!is_elf(bytes)) {
        return Failed{"is not an ELF file"};
    }
    constexpr usize shortest = EI_NIDENT + 2 * sizeof(u16);
    if (bytes.size() < shortest) {
        return Failed{fmt::format("is cut off: {} bytes do not hold an ELF header", bytes.size())};
    }
    const u8 file_class = static_cast<u8>(bytes[EI_CLASS]);
    const u8 order = static_cast<u8>(bytes[EI_DATA]);
    if ((file_class != ELFCLASS32 && file_class != ELFCLASS64) ||
        (order != ELFDATA2LSB && order != ELFDATA2MSB)) {
        return Failed{"is corrupt: its ELF header names no known class or byte order"};
    }
    const u8 first = static_cast<u8>(bytes[EI_NIDENT + 2]);
    const u8 second = static_cast<u8>(bytes[EI_NIDENT + 3]);
    const u16 machine =
        static_cast<u16>(order == ELFDATA2LSB ? first + 256 * second : 256 * first + second);
    if (file_class != ELFCLASS64 || order != ELFDATA2LSB || machine != EM_X86_64) {
        return Failed{fmt::format("is an ELF file for {} ({}-bit{}), expected x86-64",
                                  machine_name(machine), file_class == ELFCLASS64 ? 64 : 32,
                                  order == ELFDATA2LSB ? "" : ", big-endian")};
    }
    return {};
}

Result<ElfFacts, std::string> read_elf(std::string_view bytes) {
    RF_TRY(check_elf_identity(bytes));
    const auto header = load<Elf64_Ehdr>(bytes, 0);
    if (!header) {
        return Failed{fmt::format("is cut off: {} bytes do not hold an ELF header", bytes.size())};
    }
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
        return Failed{header->e_type == ET_REL    ? "is an object file that was not linked"
                      : header->e_type == ET_CORE ? "is a core dump, expected an executable"
                                                  : "is corrupt: unknown ELF file type"};
    }
    RF_TRY_ASSIGN(segments, read_segments(bytes, *header));
    ElfFacts facts;
    facts.position_independent = header->e_type == ET_DYN;
    facts.entry = header->e_entry;
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type == PT_INTERP) {
            RF_TRY(read_interpreter(bytes, segment, facts));
        } else if (segment.p_type == PT_LOAD) {
            facts.entry_is_code |= (segment.p_flags & PF_X) != 0 &&
                                   facts.entry >= segment.p_vaddr &&
                                   facts.entry - segment.p_vaddr < segment.p_memsz;
        } else if (segment.p_type == PT_DYNAMIC) {
            RF_TRY(read_dynamic(bytes, segments, segment, facts));
        }
    }
    return facts;
}

}  // namespace ringfence::lab::pack
