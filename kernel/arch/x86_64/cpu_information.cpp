// SPDX-License-Identifier: MIT
// /proc/cpuinfo, under Linux's names.
#include "kernel_arch/cpu_information.h"

#include <cstring>

#include "arch/x86/cpu_identity.h"
#include "arch/x86/cpuid.h"
#include "kernel/arch/x86_64/clock.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/isolation.h"
#include "kernel_arch/isolation_control.h"

namespace ringfence::kernel::arch {

namespace {

namespace feature = x86::cpuid_feature;

struct FlagName {
    std::string_view name;
    x86::CpuidFeature feature;
};

/// What the CPU offers and the kernel leaves to programs, or uses itself. Vector extensions beyond
/// AVX2 are absent: the kernel does not save their registers.
constexpr FlagName names[] = {
    {"fpu", feature::fpu},
    {"vme", feature::vme},
    {"de", feature::de},
    {"pse", feature::pse},
    {"tsc", feature::tsc},
    {"msr", feature::msr},
    {"pae", feature::pae},
    {"mce", feature::mce},
    {"cx8", feature::cmpxchg8b},
    {"apic", feature::apic},
    {"sep", feature::sysenter},
    {"mtrr", feature::mtrr},
    {"pge", feature::pge},
    {"mca", feature::mca},
    {"cmov", feature::cmov},
    {"pat", feature::pat},
    {"pse36", feature::pse36},
    {"clflush", feature::clflush},
    {"mmx", feature::mmx},
    {"fxsr", feature::fxsr},
    {"sse", feature::sse},
    {"sse2", feature::sse2},
    {"syscall", feature::syscall},
    {"nx", feature::nx},
    {"pdpe1gb", feature::page_1g},
    {"rdtscp", feature::rdtscp},
    {"lm", feature::long_mode},
    {"pni", feature::sse3},
    {"pclmulqdq", feature::pclmulqdq},
    {"ssse3", feature::ssse3},
    {"fma", feature::fma},
    {"cx16", feature::cmpxchg16b},
    {"sse4_1", feature::sse4_1},
    {"sse4_2", feature::sse4_2},
    {"movbe", feature::movbe},
    {"popcnt", feature::popcnt},
    {"aes", feature::aes},
    {"xsave", feature::xsave},
    {"avx", feature::avx},
    {"f16c", feature::f16c},
    {"rdrand", feature::rdrand},
    {"hypervisor", feature::hypervisor},
    {"lahf_lm", feature::lahf64},
    {"abm", feature::lzcnt},
    {"3dnowprefetch", feature::prefetchw},
    {"bmi1", feature::bmi1},
    {"avx2", feature::avx2},
    {"smep", feature::smep},
    {"bmi2", feature::bmi2},
    {"erms", feature::erms},
    {"rdseed", feature::rdseed},
    {"adx", feature::adx},
    {"smap", feature::smap},
    {"clflushopt", feature::clflushopt},
    {"clwb", feature::clwb},
    {"sha_ni", feature::sha},
    {"xsaveopt", feature::xsaveopt},
    {"xsavec", feature::xsavec},
    {"xgetbv1", feature::xgetbv1},
    {"umip", feature::umip},
    {"rdpid", feature::rdpid},
};

void append_flags(String& text) {
    const auto append = [&text](std::string_view name) { text.append(" ").append(name); };
    for (const FlagName& flag : names) {
        if (x86::has(ThisCpu{}, flag.feature)) {
            append(flag.name);
        }
    }
    // These the command line can take away, and pti is the kernel's own doing.
    const Isolation& decided = isolation();
    if (decided.pcid) {
        append("pcid");
    }
    if (decided.invpcid) {
        append("invpcid");
    }
    if (system_design() == Design::Isolated) {
        append("pti");
    }
}

/// Registers of a CPUID leaf as the text that they are.
void append_registers(String& text, std::initializer_list<u32> registers) {
    for (const u32 word : registers) {
        char letters[sizeof(word)];
        std::memcpy(letters, &word, sizeof(word));
        text.append(take({letters, sizeof(letters)},
                         std::string_view(letters, sizeof(letters)).find('\0')));
    }
}

void append_vendor(String& text) {
    const x86::CpuidResult basic = ThisCpu{}.cpuid(x86::cpuid_basic, 0);
    append_registers(text, {basic.ebx, basic.edx, basic.ecx});
}

/// [intel/vol2]: CPUID, "The Processor Brand String Method"
void append_model_name(String& text) {
    constexpr u32 first = 0x8000'0002;
    constexpr u32 last = 0x8000'0004;
    if (!x86::has_leaf(ThisCpu{}, last)) {
        text.append("unknown");
        return;
    }
    String name;
    for (u32 leaf = first; leaf <= last; ++leaf) {
        const x86::CpuidResult part = ThisCpu{}.cpuid(leaf, 0);
        append_registers(name, {part.eax, part.ebx, part.ecx, part.edx});
    }
    const usize start = name.view().find_first_not_of(' ');
    text.append(drop(name, start));
}

/// Thousandths of a megahertz, as Linux prints them.
void append_megahertz(String& text, u64 hertz) {
    constexpr u64 hertz_per_megahertz = 1'000'000;
    constexpr u64 hertz_per_kilohertz = 1'000;
    text.append_decimal(hertz / hertz_per_megahertz).append('.');
    text.append_decimal(hertz % hertz_per_megahertz / hertz_per_kilohertz, 3, '0');
}

}  // namespace

void append_cpu_information(String& text) {
    const x86::CpuIdentity identity = x86::identify(ThisCpu{});
    const x86::CpuidResult features = ThisCpu{}.cpuid(x86::cpuid_features, 0);
    // CLFLUSH's line, in units of eight bytes. [intel/vol2]: CPUID, 01H
    const u64 line = u64{Bitfield<8, 8, u32>::get(features.ebx)} * 8;
    const u64 rate = tsc_rate();
    const auto number = [&text](std::string_view label, u64 value) {
        text.append(label).append("\t: ").append_decimal(value).append("\n");
    };
    number("processor", 0);
    text.append("vendor_id\t: ");
    append_vendor(text);
    text.append("\n");
    number("cpu family", identity.family);
    number("model\t", identity.model);
    text.append("model name\t: ");
    append_model_name(text);
    text.append("\n");
    number("stepping", identity.stepping);
    text.append("cpu MHz\t\t: ");
    append_megahertz(text, rate);
    text.append("\n");
    number("physical id", 0);
    number("siblings", 1);
    number("core id\t", 0);
    number("cpu cores", 1);
    number("apicid\t", 0);
    number("initial apicid", 0);
    text.append("fpu\t\t: yes\nfpu_exception\t: yes\n");
    number("cpuid level", ThisCpu{}.cpuid(x86::cpuid_basic, 0).eax);
    text.append("wp\t\t: yes\nflags\t\t:");
    append_flags(text);
    // Of the flaws that Linux names, the one that this kernel knows about.
    text.append("\nbugs\t\t:").append(isolation().required ? " cpu_meltdown" : "");
    // Two per cycle of the counter that delays are made with. [linux/abi]: init/calibrate.c
    text.append("\nbogomips\t: ");
    constexpr u64 hundredth = 10'000;
    constexpr u64 hertz_per_megahertz = 1'000'000;
    text.append_decimal(2 * rate / hertz_per_megahertz).append('.');
    text.append_decimal(2 * rate % hertz_per_megahertz / hundredth, 2, '0').append("\n");
    number("clflush size", line);
    number("cache_alignment", line);
    text.append("address sizes\t: ");
    text.append_decimal(x86::physical_address_bits(ThisCpu{})).append(" bits physical, ");
    text.append_decimal(x86::linear_address_bits(ThisCpu{})).append(" bits virtual");
    text.append("\npower management:\n\n");
}

}  // namespace ringfence::kernel::arch
