// SPDX-License-Identifier: MIT
#include "kernel/core/process/program_loader.h"

#include <algorithm>

#include "kernel/core/process/resource_limits.h"
#include "kernel/core/vm/user_memory.h"
#include "kernel_arch/user_abi.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel {

namespace {

constexpr u64 lowest_program_address = 64 * kib;  // mmap_min_addr
using ExecuteFlag = Flag<0, u32>;
using WriteFlag = Flag<1, u32>;
using ReadFlag = Flag<2, u32>;

Protection protection_of(const elf::ProgramHeader& segment) {
    return {.read = ReadFlag::test(segment.flags),
            .write = WriteFlag::test(segment.flags),
            .execute = ExecuteFlag::test(segment.flags)};
}

/// Finds room for the whole image, so that its segments can then go to fixed places in it.
Fallible<u64> choose_bias(MemorySpace& space, const elf::Image& image, VirtualAddress preferred) {
    if (!image.position_independent) {
        return u64{0};
    }
    const u64 size = image.end() - image.start();
    const auto placement =
        preferred == VirtualAddress{} ? Placement::Anywhere : Placement::FixedIfFree;
    RF_TRY_ASSIGN(place, space.map({.start = preferred, .end = preferred + size}, placement,
                                   ResourceLimit::unlimited));
    RF_TRY(space.unmap(place, size));
    return place.value() - image.start();
}

Fallible<void> map_segment(MemorySpace& space, const ProgramFile& program,
                           const elf::ProgramHeader& segment, u64 bias) {
    const VirtualAddress address{segment.address + bias};
    const VirtualAddress start = address.align_down(page_size);
    const VirtualAddress file_end = (address + segment.file_size).align_up(page_size);
    const VirtualAddress end = (address + segment.memory_size).align_up(page_size);
    const VirtualAddress anonymous_start = segment.file_size > 0 ? file_end : start;
    if (segment.file_size > 0) {
        RF_TRY(space.map({.start = start,
                          .end = file_end,
                          .protection = protection_of(segment),
                          .file = program.file.inode(),
                          .offset = align_down(segment.offset, page_size),
                          .path = program.path},
                         Placement::Fixed, ResourceLimit::unlimited));
    }
    if (anonymous_start < end) {
        RF_TRY(
            space.map({.start = anonymous_start, .end = end, .protection = protection_of(segment)},
                      Placement::Fixed, ResourceLimit::unlimited));
    }
    return {};
}

}  // namespace

InodeReader::InodeReader(Inode& inode) {
    auto opened = inode.open(OpenFlags{OpenFlags::read_only});
    if (opened && inode.pages() != nullptr) {
        file_ = opened.value();
    }
}

bool InodeReader::read(u64 offset, std::span<u8> to) {
    const auto count = file_->read(IoDestination(to), offset);
    return count.ok() && count.value() == to.size();
}

u64 InodeReader::size() const {
    return file_->inode().size();
}

Result<elf::Image, elf::Reject> inspect_program(Inode& inode) {
    InodeReader reader(inode);
    if (!reader.usable()) {
        return Error{elf::Reject::ReadFailed};
    }
    return elf::parse(reader, {.machine = arch::elf_machine,
                               .lowest_address = lowest_program_address,
                               .end_address = arch::user_end.value()});
}

Fallible<LoadedProgram> map_program(MemorySpace& space, const ProgramFile& program,
                                    VirtualAddress preferred) {
    const elf::Image& image = program.image;
    RF_TRY_ASSIGN(bias, choose_bias(space, image, preferred));
    for (const elf::ProgramHeader& segment : image.segments) {
        RF_TRY(map_segment(space, program, segment, bias));
    }
    LoadedProgram loaded{.bias = bias,
                         .entry = VirtualAddress{image.entry + bias},
                         .program_headers = {},
                         .program_header_count = image.program_header_count,
                         .end = VirtualAddress{image.end() + bias}};
    if (image.program_headers_address != 0) {
        loaded.program_headers = VirtualAddress{image.program_headers_address + bias};
    }
    return loaded;
}

Fallible<void> clear_partial_pages(const ProgramFile& program, const LoadedProgram& loaded) {
    for (const elf::ProgramHeader& segment : program.image.segments) {
        const VirtualAddress file_end{segment.address + segment.file_size + loaded.bias};
        const u64 tail = file_end.align_up(page_size) - file_end;
        const bool has_bss = segment.memory_size > segment.file_size;
        if (has_bss && segment.file_size > 0 && tail > 0 && WriteFlag::test(segment.flags)) {
            RF_TRY(clear_user_bytes(file_end, tail));
        }
    }
    return {};
}

}  // namespace ringfence::kernel
