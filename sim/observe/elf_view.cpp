// SPDX-License-Identifier: MIT
#include "sim/observe/elf_view.h"

#include <elf.h>

#include <cstring>

#include "base/bits.h"

namespace ringfence::sim::observe {

namespace {

/// A `T` at `offset`, if the file is that long.
template <typename T>
std::optional<T> read_at(std::span<const u8> bytes, u64 offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) {
        return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

std::optional<std::span<const u8>> slice(std::span<const u8> bytes, u64 offset, u64 size) {
    if (offset > bytes.size() || bytes.size() - offset < size) {
        return std::nullopt;
    }
    return bytes.subspan(offset, size);
}

/// The NUL-terminated string at `offset`; cut at the end of the table.
std::string_view string_at(std::span<const u8> table, u64 offset) {
    if (offset >= table.size()) {
        return {};
    }
    const char* const start = reinterpret_cast<const char*>(table.data() + offset);
    return {start, strnlen(start, table.size() - offset)};
}

std::optional<std::string> wrong_header(const Elf64_Ehdr& header) {
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        return "not an ELF file: it does not begin with 7f 45 4c 46";
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
        return "not a 64-bit little-endian ELF file";
    }
    if (header.e_machine != EM_X86_64) {
        return "ELF file for machine " + std::to_string(header.e_machine) + ", expected " +
               std::to_string(EM_X86_64) + " (x86-64)";
    }
    if (header.e_phnum != 0 && header.e_phentsize != sizeof(Elf64_Phdr)) {
        return "ELF program headers of " + std::to_string(header.e_phentsize) +
               " bytes, expected " + std::to_string(sizeof(Elf64_Phdr));
    }
    return std::nullopt;
}

}  // namespace

Result<ElfView, std::string> ElfView::parse(std::span<const u8> file) {
    const auto header = read_at<Elf64_Ehdr>(file, 0);
    if (!header) {
        return Error{std::string{"not an ELF file: "} + std::to_string(file.size()) +
                     " bytes, shorter than an ELF header"};
    }
    if (auto wrong = wrong_header(*header); wrong) {
        return Error{*std::move(wrong)};
    }
    ElfView view{file};
    view.entry_ = header->e_entry;
    if (header->e_shentsize == sizeof(Elf64_Shdr)) {
        view.section_offset_ = header->e_shoff;
        view.section_count_ = header->e_shnum;
    }
    for (u64 i = 0; i < header->e_phnum; ++i) {
        const std::string where = "ELF program header " + std::to_string(i);
        const auto entry = read_at<Elf64_Phdr>(file, header->e_phoff + i * sizeof(Elf64_Phdr));
        if (header->e_phoff > file.size() || !entry) {
            return Error{where + " lies past the end of the file: truncated?"};
        }
        const auto content = slice(file, entry->p_offset, entry->p_filesz);
        if (!content) {
            return Error{where + ": its content (" + std::to_string(entry->p_filesz) +
                         " bytes at " + std::to_string(entry->p_offset) +
                         ") lies past the end of the file: truncated?"};
        }
        view.segments_.push_back({entry->p_type, entry->p_offset, entry->p_vaddr, entry->p_paddr,
                                  entry->p_filesz, entry->p_memsz, *content});
    }
    return view;
}

Result<std::vector<ElfNote>, std::string> ElfView::notes() const {
    constexpr u64 note_alignment = 4;
    std::vector<ElfNote> notes;
    for (const ElfSegment& segment : segments_) {
        if (segment.type != segment_note) {
            continue;
        }
        for (u64 offset = 0; offset < segment.content.size();) {
            const auto header = read_at<Elf64_Nhdr>(segment.content, offset);
            if (!header) {
                return Error{std::string{"ELF note runs out of its segment"}};
            }
            const u64 name_at = offset + sizeof(Elf64_Nhdr);
            const u64 text_at = align_up(name_at + header->n_namesz, note_alignment);
            const auto name = slice(segment.content, name_at, header->n_namesz);
            const auto text = slice(segment.content, text_at, header->n_descsz);
            if (!name || !text) {
                return Error{std::string{"ELF note runs out of its segment"}};
            }
            notes.push_back({string_at(*name, 0), header->n_type, *text});
            offset = align_up(text_at + header->n_descsz, note_alignment);
        }
    }
    return notes;
}

std::optional<ElfView::Section> ElfView::section(u64 index) const {
    if (index >= section_count_ || section_offset_ > file_.size()) {
        return std::nullopt;
    }
    const auto header = read_at<Elf64_Shdr>(file_, section_offset_ + index * sizeof(Elf64_Shdr));
    if (!header || header->sh_type == SHT_NOBITS) {
        return std::nullopt;
    }
    const auto content = slice(file_, header->sh_offset, header->sh_size);
    if (!content) {
        return std::nullopt;
    }
    return Section{header->sh_type, header->sh_link, *content};
}

std::vector<ElfSymbol> ElfView::symbols() const {
    std::vector<ElfSymbol> symbols;
    for (u64 i = 0; i < section_count_; ++i) {
        const auto table = section(i);
        if (!table || table->type != SHT_SYMTAB) {
            continue;
        }
        const auto names = section(table->link);
        if (!names) {
            continue;
        }
        for (u64 offset = 0; offset < table->content.size(); offset += sizeof(Elf64_Sym)) {
            const auto symbol = read_at<Elf64_Sym>(table->content, offset);
            if (!symbol || symbol->st_shndx == SHN_UNDEF || symbol->st_name == 0) {
                continue;
            }
            const bool is_function = ELF64_ST_TYPE(symbol->st_info) == STT_FUNC;
            const bool is_code_label = ELF64_ST_TYPE(symbol->st_info) == STT_NOTYPE;
            if (is_function || is_code_label) {
                symbols.push_back({symbol->st_value, symbol->st_size,
                                   string_at(names->content, symbol->st_name), is_function});
            }
        }
    }
    return symbols;
}

}  // namespace ringfence::sim::observe
