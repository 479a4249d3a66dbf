// SPDX-License-Identifier: MIT
#include "lab/machine/kernel_image.h"

#include <elf.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "lab/error.h"
#include "lab/machine/bytes.h"
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
    const auto checked = pack::check_elf_identity(image.bytes_);
    if (!checked.ok()) {
        fail(Failure::Own, "the kernel image: {}: {}", image.path_, checked.error());
    }
    image.symbols_.add_elf(as_span(image.bytes_));
    return image;
}

std::string_view KernelImage::loaded(VirtualAddress first, u64 bytes) const {
    const std::string_view elf = bytes_;
    Elf64_Ehdr header{};
    if (elf.size() < sizeof header) {
        return {};
    }
    std::memcpy(&header, elf.data(), sizeof header);
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment{};
        const u64 place = header.e_phoff + i * sizeof segment;
        if (place + sizeof segment > elf.size()) {
            return {};
        }
        std::memcpy(&segment, elf.data() + place, sizeof segment);
        const u64 offset = first.value() - segment.p_vaddr;
        if (segment.p_type == PT_LOAD && offset < segment.p_filesz &&
            bytes <= segment.p_filesz - offset && segment.p_offset + offset + bytes <= elf.size()) {
            return elf.substr(segment.p_offset + offset, bytes);
        }
    }
    return {};
}

sim::observe::PlaceMap KernelImage::places() const {
    return {.entry = symbols_.between("__entry_text_start", "__entry_text_end"),
            .exits = {symbols_.between("__exit_text_start", "__exit_text_end")}};
}

}  // namespace ringfence::lab::machine
