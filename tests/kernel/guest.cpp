// SPDX-License-Identifier: MIT
#include "tests/kernel/guest.h"

#include <elf.h>

#include <cstring>
#include <stdexcept>

#include "lab/pack/guest_image.h"
#include "sim/presets/preset_file.h"

namespace ringfence::kernel_tests {

namespace {

std::span<const u8> bytes_of(std::string_view text) {
    return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

}  // namespace

void Guest::Line::put(u8 byte) {
    const char character = static_cast<char>(byte);
    session_.receive(port_, {&character, 1});
}

bool Guest::Line::available() {
    if (port_ == lab::machine::Port::Control) {
        answer_ += session_.take_answer();
    }
    return !answer_.empty();
}

u8 Guest::Line::take() {
    const u8 byte = static_cast<u8>(answer_.front());
    answer_.erase(0, 1);
    return byte;
}

Guest::Guest(const GuestOptions& options, sim::observe::Observer* observer)
    : kernel_(lab::machine::KernelImage::load(RINGFENCE_KERNEL_IMAGE)),
      observer_(observer),
      strict_tlb_(options.strict_tlb) {
    auto cpu = sim::presets::find_preset(options.cpu);
    if (!cpu.ok()) {
        throw std::runtime_error(cpu.error());
    }
    const auto image = lab::pack::pack_guest(
        {.roots = {}, .files = {}, .environment = {}, .command = options.program});
    sim::machine::MachineConfig config{.cpu = std::move(cpu).value(),
                                       .boot = {.kernel = bytes_of(kernel_.bytes()),
                                                .command_line = options.command_line,
                                                .modules = {{bytes_of(image.initramfs)}}},
                                       .places = kernel_.places(),
                                       .strict_tlb = options.strict_tlb};
    for (unsigned i = 0; i < lab::machine::port_count; ++i) {
        lines_.push_back(std::make_unique<Line>(session_, static_cast<lab::machine::Port>(i)));
        config.serial[i] = {lines_.back().get(), lines_.back().get()};
    }
    if (observer != nullptr) {
        config.observers.push_back(observer);
    }
    auto machine = sim::machine::Machine::create(std::move(config));
    if (!machine.ok()) {
        throw std::runtime_error(machine.error());
    }
    machine_ = std::move(machine).value();
}

void Guest::resume(const sim::machine::Snapshot& snapshot) {
    machine_.reset();
    sim::machine::ResumeConfig config{.strict_tlb = strict_tlb_};
    for (unsigned i = 0; i < lab::machine::port_count; ++i) {
        config.serial[i] = {lines_[i].get(), lines_[i].get()};
    }
    if (observer_ != nullptr) {
        config.observers.push_back(observer_);
    }
    auto machine = sim::machine::Machine::resume(snapshot, std::move(config));
    if (!machine.ok()) {
        throw std::runtime_error(machine.error());
    }
    machine_ = std::move(machine).value();
}

std::string_view loaded_bytes(std::string_view elf, u64 address, u64 size) {
    Elf64_Ehdr header;
    std::memcpy(&header, elf.data(), sizeof header);
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment;
        std::memcpy(&segment, elf.data() + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address + size <= segment.p_vaddr + segment.p_filesz) {
            return elf.substr(segment.p_offset + address - segment.p_vaddr, size);
        }
    }
    return {};
}

}  // namespace ringfence::kernel_tests
