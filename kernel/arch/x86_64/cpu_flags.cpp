// SPDX-License-Identifier: MIT
// The "flags" line of /proc/cpuinfo, under Linux's names.
#include "kernel_arch/cpu_flags.h"
#include "arch/x86/cpuid.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/isolation.h"

namespace ringfence::kernel::arch {

namespace {

namespace feature = x86::cpuid_feature;

struct FlagName {
    std::string_view name;
    x86::CpuidFeature feature;
};

/// What the CPU offers and the kernel leaves to programs, or uses itself. Vector extensions beyond
/// SSE are absent: the kernel does not save them.
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
    {"cx16", feature::cmpxchg16b},
    {"sse4_1", feature::sse4_1},
    {"sse4_2", feature::sse4_2},
    {"movbe", feature::movbe},
    {"popcnt", feature::popcnt},
    {"aes", feature::aes},
    {"rdrand", feature::rdrand},
    {"hypervisor", feature::hypervisor},
    {"lahf_lm", feature::lahf64},
    {"abm", feature::lzcnt},
    {"3dnowprefetch", feature::prefetchw},
    {"bmi1", feature::bmi1},
    {"smep", feature::smep},
    {"bmi2", feature::bmi2},
    {"erms", feature::erms},
    {"rdseed", feature::rdseed},
    {"adx", feature::adx},
    {"smap", feature::smap},
    {"clflushopt", feature::clflushopt},
    {"clwb", feature::clwb},
    {"sha_ni", feature::sha},
    {"umip", feature::umip},
    {"rdpid", feature::rdpid},
};

}  // namespace

void append_cpu_flags(String& text) {
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
    if (decided.enabled) {
        append("pti");
    }
}

}  // namespace ringfence::kernel::arch
