// SPDX-License-Identifier: MIT
#include "lab/boot/kernel_file.h"

#include <algorithm>
#include <filesystem>

#include "lab/boot/payload.h"
#include "lab/error.h"
#include "lab/machine/bytes.h"
#include "lab/pack/elf_file.h"
#include "lab/pack/host_files.h"
#include "lab/symbols/kernel_symbols.h"
#include "sim/machine/boot/bzimage.h"
#include "sim/machine/boot/multiboot_header.h"
#include "sim/observe/elf_view.h"

namespace ringfence::lab::boot {

using machine::as_span;
using sim::machine::boot::BzImage;
using sim::machine::boot::Protocol;

namespace {

/// Whether an ELF file is a vmlinux: Linux's build puts notes of its own into it.
bool is_vmlinux(const std::string& bytes) {
    const auto elf = sim::observe::ElfView::parse(as_span(bytes));
    if (!elf.ok()) {
        return false;
    }
    const auto notes = elf.value().notes();
    return notes.ok() && std::ranges::any_of(notes.value(), [](const sim::observe::ElfNote& note) {
               return note.name == "Linux";
           });
}

/// The loaders of the machine say "kernel: ..." of a file; people know it by its path.
[[noreturn]] void fail_with(const std::string& path, std::string reason) {
    constexpr std::string_view prefix = "kernel: ";
    if (reason.starts_with(prefix)) {
        reason.erase(0, prefix.size());
    }
    fail(Failure::Own, "{}: {}", path, reason);
}

std::string vmlinux_of(const std::string& bytes, const std::string& path) {
    const auto image = BzImage::parse(as_span(bytes));
    if (!image.ok()) {
        fail_with(path, image.error());
    }
    const auto payload = image.value().payload();
    if (!payload.ok()) {
        fail_with(path, payload.error());
    }
    return decompress(payload.value(), path);
}

Protocol choose_protocol(const KernelFile& kernel, Method method, const std::string& path) {
    switch (method) {
        case Method::Elf:
            return Protocol::LinuxElf;
        case Method::BzImage:
            return Protocol::BzImage;
        case Method::Pvh:
            return Protocol::Pvh;
        case Method::Multiboot:
            return Protocol::Multiboot;
        case Method::Auto:
            break;
    }
    if (kernel.is_linux) {
        return Protocol::LinuxElf;
    }
    if (sim::machine::boot::find_multiboot_header(as_span(kernel.bytes)).ok()) {
        return Protocol::Multiboot;
    }
    if (!pack::is_elf(kernel.bytes)) {
        fail(Failure::Own,
             "{}: not a kernel that can be booted: expected a bzImage, an ELF file, or a multiboot "
             "header in its first 8192 bytes",
             path);
    }
    return Protocol::Pvh;
}

}  // namespace

KernelFile KernelFile::load(const std::string& path, Method method) {
    return of(path, pack::read_host_file(path, Failure::Own).bytes, method);
}

KernelFile KernelFile::of(const std::string& path, std::string bytes, Method method) {
    KernelFile kernel{.name = std::filesystem::path(path).filename().string(),
                      .bytes = std::move(bytes),
                      .protocol = Protocol::Pvh,
                      .is_linux = false};
    if (BzImage::is_one(as_span(kernel.bytes))) {
        kernel.is_linux = true;
        if (method != Method::BzImage) {
            kernel.bytes = vmlinux_of(kernel.bytes, path);
        }
    } else if (method == Method::BzImage) {
        fail(Failure::Own, "{}: not a bzImage, as --boot bzimage needs", path);
    } else {
        kernel.is_linux = is_vmlinux(kernel.bytes);
    }
    kernel.protocol = choose_protocol(kernel, method, path);
    return kernel;
}

sim::observe::SymbolTable KernelFile::symbols(const std::string& system_map) const {
    if (!system_map.empty()) {
        return symbols::read_system_map(system_map);
    }
    return symbols::symbols_of(protocol == Protocol::BzImage ? vmlinux_of(bytes, name) : bytes);
}

}  // namespace ringfence::lab::boot
