// SPDX-License-Identifier: MIT
#include "lab/machine/kernel_image.h"

#include <elf.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "lab/error.h"
#include "lab/pack/elf_file.h"
#include "lab/pack/host_files.h"

namespace ringfence::lab::machine {

namespace {

constexpr const char* image_name = "ringfence-kernel";

std::string find_image(const std::string& given) {
    if (!given.empty()) {
        return given;
    }
    const char* from_environment = std::getenv("RINGFENCE_KERNEL");
    if (from_environment != nullptr && *from_environment != '\0') {
        return from_environment;
    }
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    return (self.parent_path() / image_name).string();
}

/// The `index`-th T of a table, or nothing past the end of the file.
template <typename T>
std::optional<T> element(std::string_view bytes, u64 offset, u64 index) {
    if (offset > bytes.size() || index >= (bytes.size() - offset) / sizeof(T)) {
        return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes.data() + offset + index * sizeof(T), sizeof value);
    return value;
}

std::string_view text_at(std::string_view bytes, u64 offset) {
    if (offset >= bytes.size()) {
        return {};
    }
    return bytes.substr(offset, bytes.find('\0', offset) - offset);
}

}  // namespace

KernelImage KernelImage::load(const std::string& path) {
    KernelImage image;
    image.path_ = find_image(path);
    try {
        image.bytes_ = pack::read_host_file(image.path_, Failure::Own).bytes;
    } catch (const LabError& error) {
        fail(Failure::Own,
             "the kernel image: {} (name another with --kernel-image or RINGFENCE_KERNEL)",
             error.what());
    }
    const auto facts = pack::read_elf(image.bytes_);
    if (!facts.ok()) {
        fail(Failure::Own, "the kernel image: {}: {}", image.path_, facts.error());
    }
    image.read_symbols();
    return image;
}

void KernelImage::read_symbols() {
    const auto header = element<Elf64_Ehdr>(bytes_, 0, 0);
    for (u64 i = 0; header && i < header->e_shnum; ++i) {
        const auto section = element<Elf64_Shdr>(bytes_, header->e_shoff, i);
        if (!section || section->sh_type != SHT_SYMTAB) {
            continue;
        }
        const auto strings = element<Elf64_Shdr>(bytes_, header->e_shoff, section->sh_link);
        for (u64 k = 0; strings && k < section->sh_size / sizeof(Elf64_Sym); ++k) {
            const auto symbol = element<Elf64_Sym>(bytes_, section->sh_offset, k);
            if (!symbol || symbol->st_shndx == SHN_UNDEF) {
                continue;
            }
            const std::string name(text_at(bytes_, strings->sh_offset + symbol->st_name));
            symbols_.emplace(name, symbol->st_value);
            if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC) {
                functions_.emplace(symbol->st_value, Function{name, symbol->st_size});
            }
        }
    }
}

std::optional<u64> KernelImage::symbol(const std::string& name) const {
    const auto found = symbols_.find(name);
    return found == symbols_.end() ? std::nullopt : std::optional(found->second);
}

std::string KernelImage::describe(u64 address) const {
    auto after = functions_.upper_bound(address);
    if (after == functions_.begin()) {
        return {};
    }
    const auto& [start, function] = *--after;
    if (function.size != 0 && address - start >= function.size) {
        return {};
    }
    return fmt::format("{}+{:#x}", function.name, address - start);
}

sim::observe::PlaceMap KernelImage::places() const {
    const auto range = [this](const char* first, const char* end) {
        const auto from = symbol(first);
        const auto to = symbol(end);
        return from && to ? sim::observe::AddressRange{VirtualAddress{*from}, VirtualAddress{*to}}
                          : sim::observe::AddressRange{};
    };
    return {.entry = range("__entry_text_start", "__entry_text_end"),
            .exit = range("__exit_text_start", "__exit_text_end")};
}

}  // namespace ringfence::lab::machine
