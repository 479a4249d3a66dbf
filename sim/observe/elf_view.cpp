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

/// The structures of one ELF class. [sysv/gabi]
struct Elf32 {
    using Header = Elf32_Ehdr;
    using Segment = Elf32_Phdr;
    using Section = Elf32_Shdr;
    using Symbol = Elf32_Sym;
};
struct Elf64 {
    using Header = Elf64_Ehdr;
    using Segment = Elf64_Phdr;
    using Section = Elf64_Shdr;
    using Symbol = Elf64_Sym;
};

std::optional<std::string> wrong_identity(std::span<const u8> file) {
    const auto identity = slice(file, 0, EI_NIDENT);
    if (!identity) {
        return "not an ELF file: " + std::to_string(file.size()) +
               " bytes, shorter than an ELF header";
    }
    if (std::memcmp(identity->data(), ELFMAG, SELFMAG) != 0) {
        return "not an ELF file: it does not begin with 7f 45 4c 46";
    }
    const u8 file_class = (*identity)[EI_CLASS];
    if ((file_class != ELFCLASS32 && file_class != ELFCLASS64) ||
        (*identity)[EI_DATA] != ELFDATA2LSB) {
        return "not a 32-bit or 64-bit little-endian ELF file";
    }
    return std::nullopt;
}

/// A 32-bit file may hold code for either machine: 64-bit kernels that start in 32-bit mode are
/// often wrapped so.
bool knows_machine(unsigned machine, bool is_64) {
    return machine == EM_X86_64 || (machine == EM_386 && !is_64);
}

}  // namespace

Result<ElfView, std::string> ElfView::parse(std::span<const u8> file) {
    if (auto wrong = wrong_identity(file); wrong) {
        return Error{*std::move(wrong)};
    }
    ElfView view{file};
    view.is_64_ = file[EI_CLASS] == ELFCLASS64;
    auto wrong = view.is_64_ ? view.read_headers<Elf64>() : view.read_headers<Elf32>();
    if (wrong) {
        return Error{*std::move(wrong)};
    }
    return view;
}

/// Reads the header and the program headers; the answer is what is wrong with them.
template <typename Elf>
std::optional<std::string> ElfView::read_headers() {
    const auto header = read_at<typename Elf::Header>(file_, 0);
    if (!header) {
        return "not an ELF file: " + std::to_string(file_.size()) +
               " bytes, shorter than an ELF header";
    }
    if (!knows_machine(header->e_machine, is_64_)) {
        return "ELF file for machine " + std::to_string(header->e_machine) + ", expected " +
               std::to_string(EM_X86_64) + " (x86-64)" +
               (is_64_ ? "" : " or " + std::to_string(EM_386) + " (i386)");
    }
    if (header->e_phnum != 0 && header->e_phentsize != sizeof(typename Elf::Segment)) {
        return "ELF program headers of " + std::to_string(header->e_phentsize) +
               " bytes, expected " + std::to_string(sizeof(typename Elf::Segment));
    }
    entry_ = header->e_entry;
    if (header->e_shentsize == sizeof(typename Elf::Section)) {
        section_offset_ = header->e_shoff;
        section_count_ = header->e_shnum;
    }
    for (u64 i = 0; i < header->e_phnum; ++i) {
        const std::string where = "ELF program header " + std::to_string(i);
        const u64 offset = header->e_phoff + i * sizeof(typename Elf::Segment);
        const auto entry = read_at<typename Elf::Segment>(file_, offset);
        if (header->e_phoff > file_.size() || !entry) {
            return where + " lies past the end of the file: truncated?";
        }
        const auto content = slice(file_, entry->p_offset, entry->p_filesz);
        if (!content) {
            return where + ": its content (" + std::to_string(entry->p_filesz) + " bytes at " +
                   std::to_string(entry->p_offset) + ") lies past the end of the file: truncated?";
        }
        segments_.push_back({entry->p_type, entry->p_offset, entry->p_vaddr, entry->p_paddr,
                             entry->p_filesz, entry->p_memsz, *content});
    }
    return std::nullopt;
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

template <typename Elf>
std::optional<ElfView::Section> ElfView::section(u64 index) const {
    using Header = Elf::Section;
    if (index >= section_count_ || section_offset_ > file_.size()) {
        return std::nullopt;
    }
    const auto header = read_at<Header>(file_, section_offset_ + index * sizeof(Header));
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
    return is_64_ ? read_symbols<Elf64>() : read_symbols<Elf32>();
}

template <typename Elf>
std::vector<ElfSymbol> ElfView::read_symbols() const {
    using Symbol = Elf::Symbol;
    std::vector<ElfSymbol> symbols;
    for (u64 i = 0; i < section_count_; ++i) {
        const auto table = section<Elf>(i);
        if (!table || table->type != SHT_SYMTAB) {
            continue;
        }
        const auto names = section<Elf>(table->link);
        if (!names) {
            continue;
        }
        for (u64 offset = 0; offset < table->content.size(); offset += sizeof(Symbol)) {
            const auto symbol = read_at<Symbol>(table->content, offset);
            if (!symbol || symbol->st_shndx == SHN_UNDEF || symbol->st_name == 0) {
                continue;
            }
            // The type's place in st_info is the same in both classes.
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
