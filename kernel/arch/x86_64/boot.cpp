// SPDX-License-Identifier: MIT
// From the first C++ instruction to the core's `start`, in the order in which one part needs
// another.
#include <string_view>

#include "arch/x86/cr0.h"
#include "arch/x86/cr3.h"
#include "arch/x86/cr4.h"
#include "arch/x86/vulnerability.h"
#include "kernel/arch/x86_64/alternatives.h"
#include "kernel/arch/x86_64/boot_memory.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/descriptor_tables.h"
#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/entry_paths.h"
#include "kernel/arch/x86_64/extended_state.h"
#include "kernel/arch/x86_64/fpu.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/isolation.h"
#include "kernel/arch/x86_64/kernel_tables.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/local_apic.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/arch/x86_64/serial_setup.h"
#include "kernel/core/command_line.h"
#include "kernel/core/containers/string.h"
#include "kernel/core/entry_points.h"
#include "kernel/core/log/log.h"
#include "kernel/core/memory/frame_allocator.h"
#include "kernel_arch/cpu.h"
#include "kernel_arch/kernel_stack.h"

extern "C" {
extern const ringfence::u64 safe_root;
extern void (*const __init_array_start[])();
extern void (*const __init_array_end[])();
[[noreturn]] void boot_main(ringfence::u32 start_info);
[[noreturn]] void continue_on_stack(ringfence::u64 stack_top, void (*function)());
}

[[gnu::section(".bss.cpu_state")]] ringfence::kernel::arch::CpuState cpu_state;

namespace ringfence::kernel::arch {

namespace {

/// What the boot tables map.
constexpr PhysicalAddress boot_mapped_end{4 * gib};

const LoaderInformation* loader;

void run_constructors() {
    for (auto* constructor = __init_array_start; constructor != __init_array_end; ++constructor) {
        (*constructor)();
    }
}

bool has(x86::CpuidFeature feature) {
    return x86::has(ThisCpu{}, feature);
}

void choose_design(std::string_view command_line) {
    const bool affected = x86::meltdown_affected(ThisCpu{});
    set_isolation(decide_isolation(command_line, affected, has(x86::cpuid_feature::pcid),
                                   has(x86::cpuid_feature::invpcid), has(x86::cpuid_feature::pge)));
    char line[128];
    log("{}", describe_isolation(isolation(), line));
}

/// `timer_hz=`: other rates are for tests, in which a program is to be interrupted at many places.
u64 timer_rate(std::string_view command_line) {
    constexpr u32 most = 1'000'000;
    const auto wanted = parse_decimal(find_option(command_line, "timer_hz").value_or(""));
    return wanted && *wanted > 0 && *wanted <= most ? *wanted : timer_ticks_per_second;
}

/// Text is patched through the boot tables, which map the image writable; the kernel's own do not.
void patch_text() {
    const ExtendedStateSupport state = extended_state_support(ThisCpu{});
    AlternativeSet kept;
    kept.keep_if(isolation().pcid || mutated(Mutation::NoFlushWithoutPcid), Alternative::Pcid);
    kept.keep_if(has(x86::cpuid_feature::smap), Alternative::Smap);
    kept.keep_if(!state.xsave(), Alternative::NoXsave);
    kept.keep_if(state.xsave(), Alternative::Xsave);
    kept.keep_if(state.xsave() && !state.xsaveopt, Alternative::XsaveOnly);
    kept.keep_if(state.xsave() && state.xsaveopt, Alternative::Xsaveopt);
    apply_alternatives(kept);
    if (has_mutations) {
        mutate_text(kernel_root());
    }
    const u64 load = reinterpret_cast<u64>(__entry_load);
    const u64 offset =
        reinterpret_cast<u64>(&safe_root) - symbol_address(__entry_region_start).value();
    *direct_map<u64>(PhysicalAddress{load + offset}) = x86::Cr3::make(kernel_root());
}

/// PCIDE may be set only while CR3 carries PCID 0, which it does. [intel/vol3]: 4.10.1
void enable_protections() {
    u64 cr4 = read_cr4();
    const auto set_if = [&cr4](bool wanted, u64 mask) { cr4 |= wanted ? mask : 0; };
    set_if(isolation().global_pages, x86::Cr4::pge.mask);
    set_if(isolation().pcid, x86::Cr4::pcide.mask);
    set_if(has(x86::cpuid_feature::smep), x86::Cr4::smep.mask);
    set_if(has(x86::cpuid_feature::smap), x86::Cr4::smap.mask);
    set_if(has(x86::cpuid_feature::umip), x86::Cr4::umip.mask);
    set_if(has(x86::cpuid_feature::mce), x86::Cr4::mce.mask);
    write_cr4(cr4);
    write_cr0(read_cr0() | x86::Cr0::am.mask);  // programs may ask for alignment checks
}

[[noreturn]] void start_core() {
    BootInformation boot{};
    boot.command_line = loader->command_line;
    if (loader->initramfs_size > 0) {
        boot.initramfs = {direct_map<const u8>(loader->initramfs), loader->initramfs_size};
    }
    start(boot);
}

[[noreturn]] void boot_sequence(PhysicalAddress start_info) {
    run_constructors();
    set_up_serial_ports();
    loader = &read_loader_information(start_info);
    set_log_quiet(has_flag(loader->command_line, "quiet"));
    log("Ringfence kernel, command line: {}", loader->command_line);
    if (has_mutations) {
        choose_mutation(loader->command_line);
    }
    choose_design(loader->command_line);

    start_frame_allocator(*loader, boot_mapped_end);
    allocate_entry_area();
    build_kernel_tables(loader->ram.data(), loader->ram.size());
    patch_text();
    write_cr3(x86::Cr3::make(kernel_root()));
    add_remaining_memory(*loader, boot_mapped_end);
    log("memory: {} MiB free of {} MiB", frames().free_frames() * frame_size / mib,
        frames().total_frames() * frame_size / mib);

    load_descriptor_tables();
    set_up_entry_paths(boot_design());
    enable_protections();
    enable_fpu();
    enable_extended_state();
    start_timer(timer_rate(loader->command_line));

    const auto stack = allocate_kernel_stack();
    if (!stack.ok()) {
        panic("no memory for the first kernel stack");
    }
    set_kernel_stack(stack.value());
    continue_on_stack(stack.value().value(), [] { start_core(); });
}

}  // namespace
}  // namespace ringfence::kernel::arch

void boot_main(ringfence::u32 start_info) {
    ringfence::kernel::arch::boot_sequence(ringfence::PhysicalAddress{start_info});
}
