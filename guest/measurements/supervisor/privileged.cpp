// SPDX-License-Identifier: MIT
#include "guest/measurements/supervisor/privileged.h"

#include "arch/x86/cpuid.h"
#include "guest/bare_metal/instructions.h"
#include "guest/measurements/stopwatch.h"
#include "guest/measurements/supervisor/transitions.h"

namespace ringfence::measurements {

namespace {

using arch::x86::CpuidFeature;
namespace feature = arch::x86::cpuid_feature;

/// Instructions one after another.
struct Repeated {
    const char* name;  ///< of the snippets
    const char* figure;
    const CpuidFeature* needs = nullptr;
};

constexpr Repeated repeated[] = {
    {"cr3_write", "privileged.cr3_write"},
    {"cr3_write_no_flush", "privileged.cr3_write.no_flush", &feature::pcid},
    {"invlpg", "privileged.invlpg"},
    {"invpcid_page", "privileged.invpcid_page", &feature::invpcid},
    {"invpcid_all", "privileged.invpcid_all", &feature::invpcid},
    {"read_msr", "privileged.read_msr"},
    {"write_msr", "privileged.write_msr"},
    {"control_register", "privileged.control_register"},
    {"control_register_4", "privileged.control_register.cr4"},
    {"cpuid", "privileged.cpuid"},
    {"verw_clear", "privileged.verw_clear"},
    {"port_io", "privileged.port_io"},
    {"port_io_in", "privileged.port_io.in"},
    {"read_time", "privileged.read_time"},
    {"other_system", "privileged.other_system"},
};

Thousandths cost_of(Workbench& bench, const Repeated& one) {
    constexpr u64 copies = 16;
    if (one.needs != nullptr && !bare_metal::cpu_has(*one.needs)) {
        return not_here;
    }
    return cycles_per_copy(bench, snippet("with", one.name), snippet("privileged", one.name),
                           copies);
}

/// An INVPCID descriptor of PCID 0 and an address that nobody uses.
void write_descriptor(Workbench& bench) {
    auto* const words = reinterpret_cast<u64*>(bench.data.data());
    words[0] = 0;
    words[1] = u64{1} << 46U;
}

Thousandths swapgs(Workbench& bench) {
    constexpr u64 copies = 16;
    const Thousandths with =
        cycles_per_copy(bench, nothing(), snippet("privileged.swapgs"), copies);
    const Thousandths fence =
        cycles_per_copy(bench, nothing(), snippet("privileged.swapgs_fence"), copies);
    return with - fence;
}

}  // namespace

void run_privileged(AddressSpace& space, Workbench& bench, Report& report) {
    write_descriptor(bench);
    for (const Repeated& one : repeated) {
        report.result(one.figure, cost_of(bench, one));
    }
    report.result("privileged.swapgs", swapgs(bench));
    run_transitions(space, report);
}

}  // namespace ringfence::measurements
