// SPDX-License-Identifier: MIT
#include "tests/kernel/guest.h"

#include <array>
#include <bit>
#include <stdexcept>

#include "lab/pack/guest_image.h"
#include "sim/presets/preset_file.h"

namespace ringfence::kernel_tests {

namespace {

std::string command_line_of(const GuestOptions& options) {
    return options.command_line +
           (options.kaslr_seed.empty() ? " nokaslr" : " kaslr_seed=" + options.kaslr_seed);
}

}  // namespace

Guest::Guest(const GuestOptions& options, sim::observe::Observer* observer)
    : kernel_(lab::machine::KernelImage::load(options.kernel)),
      run_{.strict_tlb = options.strict_tlb,
           .timed = options.timed,
           .instruction_limit = options.instruction_limit} {
    auto cpu = sim::presets::find_preset(options.cpu);
    if (!cpu.ok()) {
        throw std::runtime_error(cpu.error());
    }
    if (observer != nullptr) {
        run_.observers.push_back(observer);
    }
    const auto image = lab::pack::pack_guest(
        {.roots = {}, .files = {}, .environment = {}, .command = options.program});
    guest_.emplace(lab::machine::GuestMachineConfig{.cpu = std::move(cpu).value(),
                                                    .kernel = kernel_,
                                                    .initramfs = image.initramfs,
                                                    .command_line = command_line_of(options),
                                                    .input = options.input,
                                                    .run = run_});
}

Displacements displacements_of(Guest& guest) {
    const auto symbol = guest.kernel().symbols().address_of("layout_displacements");
    std::array<u8, sizeof(Displacements)> bytes{};
    if (!symbol || !guest.machine().read_physical(PhysicalAddress{symbol->value()}, bytes)) {
        throw std::runtime_error("the kernel does not say where it is");
    }
    return std::bit_cast<Displacements>(bytes);
}

}  // namespace ringfence::kernel_tests
