// SPDX-License-Identifier: MIT
// IA32_APIC_BASE: global disable, relocation, and x2APIC mode with its MSRs.
// [intel/vol3]: 11.4.3, 11.4.4, 11.12
#include <initializer_list>

#include "tests/system/guest/apic_access.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::ApicBase;
using arch::x86::ApicInterruptCommand;
using arch::x86::ApicLvt;
using arch::x86::ApicSpuriousVector;
using arch::x86::Msr;
using arch::x86::x2apic_msr;
namespace feature = arch::x86::cpuid_feature;

constexpr u32 base_msr = static_cast<u32>(Msr::IA32_APIC_BASE);
constexpr u32 software_enabled = ApicSpuriousVector::enabled.mask | 0xff;
constexpr u64 vector = 0x41;

u64 base_at_start;
u64 off() {
    return base_at_start & ~(ApicBase::enabled.mask | ApicBase::x2apic.mask);
}
u64 xapic() {
    return off() | ApicBase::enabled.mask;
}
u64 x2apic() {
    return xapic() | ApicBase::x2apic.mask;
}
void set_base(u64 value) {
    write_msr(Msr::IA32_APIC_BASE, value);
}
u64 base() {
    return read_msr(Msr::IA32_APIC_BASE);
}

/// From any state back to xAPIC mode as the tests want it.
void go_to_xapic() {
    set_base(off());
    set_base(xapic());
    apic(ApicRegister::SpuriousVector) = software_enabled;
}
void go_to_x2apic() {
    go_to_xapic();
    set_base(x2apic());
}
u64 read_x2apic(ApicRegister which) {
    return read_msr(static_cast<Msr>(x2apic_msr(which)));
}
void write_x2apic(ApicRegister which, u64 value) {
    write_msr(static_cast<Msr>(x2apic_msr(which)), value);
}

void test_reserved_bits() {
    Group group("IA32_APIC_BASE refuses reserved bits");
    const unsigned width = ThisCpu{}.cpuid(arch::x86::cpuid_address_sizes, 0).eax & 0xff;
    for (const unsigned index : {0U, 7U, 9U, width, 63U}) {
        group.expect(msr_write_faults(base_msr, base_at_start | bit(index)),
                     [&] { out << "bit " << index; });
    }
    group.expect_equal("unchanged", base(), base_at_start);
}

void test_disabled() {
    Group group("disabled globally, it is as if there were no APIC");
    const u32 version = apic(ApicRegister::Version);
    apic(ApicRegister::LvtError) = 0x55;
    set_base(off());
    group.expect(!cpu_has(feature::apic), [] { out << "CPUID still shows it"; });
    group.expect_equal("version", apic(ApicRegister::Version), ~u32{0});
    apic(ApicRegister::TaskPriority) = 0x50;
    group.expect_equal("TPR", apic(ApicRegister::TaskPriority), ~u32{0});
    group.expect_equal("CR8", read_cr8(), 0);
    write_cr8(9);
    group.expect_equal("CR8 written", read_cr8(), 9);
    write_cr8(0);
    set_base(xapic());
    group.expect(cpu_has(feature::apic), [] { out << "CPUID does not show it again"; });
    group.expect_equal("version again", apic(ApicRegister::Version), version);
    group.expect_equal("SVR", apic(ApicRegister::SpuriousVector), 0xff);
    group.expect_equal("LVT", apic(ApicRegister::LvtError), ApicLvt::masked.mask);
    go_to_xapic();
    send_to_self(vector);
    group.expect(let_in(1).are(vector), [] { out << "no interrupt after it"; });
}

void test_relocation() {
    Group group("the register page can be moved");
    constexpr u64 elsewhere = 0xfed4'0000;
    const u32 version = apic(ApicRegister::Version);
    const auto at = [](u64 page, ApicRegister which) -> volatile u32& {
        return *reinterpret_cast<volatile u32*>(page + static_cast<u64>(which));
    };
    set_base(ApicBase::frame.set(base(), elsewhere >> ApicBase::frame.shift));
    group.expect_equal("there", at(elsewhere, ApicRegister::Version), version);
    group.expect_equal("not here", apic(ApicRegister::Version), ~u32{0});
    set_base(base_at_start);
    group.expect_equal("back", apic(ApicRegister::Version), version);
}

alignas(4096) volatile u32 ram_page[1024];

void test_relocation_over_ram() {
    Group group("the register page hides RAM");
    const u32 version = apic(ApicRegister::Version);
    constexpr unsigned index = static_cast<unsigned>(ApicRegister::Version) / sizeof(u32);
    ram_page[index] = 0x1234;
    const u64 page = reinterpret_cast<u64>(&ram_page);
    set_base(ApicBase::frame.set(base(), page >> ApicBase::frame.shift));
    group.expect_equal("register", ram_page[index], version);
    ram_page[index] = 0x5678;
    set_base(base_at_start);
    group.expect_equal("RAM below", ram_page[index], 0x1234);
}

// x2APIC ------------------------------------------------------------------------------------------

bool has_x2apic(Group& group) {
    if (cpu_has(feature::x2apic)) {
        return true;
    }
    group.skip("no x2APIC");
    return false;
}

void test_without_x2apic() {
    Group group("x2APIC registers do not exist outside x2APIC mode");
    group.expect(msr_read_faults(x2apic_msr(ApicRegister::Version)), [] { out << "read"; });
    group.expect(msr_write_faults(x2apic_msr(ApicRegister::EndOfInterrupt), 0),
                 [] { out << "write"; });
    if (!cpu_has(feature::x2apic)) {
        group.expect(msr_write_faults(base_msr, x2apic()), [] { out << "the mode itself"; });
    }
}

void test_transitions() {
    Group group("modes change along their paths only");
    if (!has_x2apic(group)) {
        return;
    }
    const u64 invalid = off() | ApicBase::x2apic.mask;
    go_to_x2apic();
    group.expect(msr_write_faults(base_msr, invalid), [] { out << "x2APIC to invalid"; });
    group.expect(msr_write_faults(base_msr, xapic()), [] { out << "x2APIC to xAPIC"; });
    group.expect(!msr_write_faults(base_msr, x2apic()), [] { out << "x2APIC to x2APIC"; });
    group.expect(!msr_write_faults(base_msr, off()), [] { out << "x2APIC to disabled"; });
    group.expect(msr_write_faults(base_msr, invalid), [] { out << "disabled to invalid"; });
    group.expect(msr_write_faults(base_msr, x2apic()), [] { out << "disabled to x2APIC"; });
    group.expect(!msr_write_faults(base_msr, xapic()), [] { out << "disabled to xAPIC"; });
    group.expect(msr_write_faults(base_msr, invalid), [] { out << "xAPIC to invalid"; });
    group.expect(!msr_write_faults(base_msr, x2apic()), [] { out << "xAPIC to x2APIC"; });
    go_to_xapic();
}

void test_x2apic_identity() {
    Group group("x2APIC: ID, logical ID and the page");
    if (!has_x2apic(group)) {
        return;
    }
    constexpr u32 topology = 0xb;
    go_to_x2apic();
    const u64 id = read_x2apic(ApicRegister::Id);
    group.expect_equal("CPUID leaf 0BH", ThisCpu{}.cpuid(topology, 0).edx, id);
    group.expect_equal("LDR", read_x2apic(ApicRegister::LogicalDestination),
                       id >> 4 << 16 | bit(id & 0xf));
    group.expect_equal("the page is not there", apic(ApicRegister::Version), ~u32{0});
    group.expect_equal("SVR is kept", read_x2apic(ApicRegister::SpuriousVector), software_enabled);
    group.expect(cpu_has(feature::apic), [] { out << "CPUID hides the APIC"; });
    write_cr8(5);
    group.expect_equal("CR8", read_x2apic(ApicRegister::TaskPriority), 0x50);
    write_cr8(0);
    go_to_xapic();
}

void test_x2apic_registers() {
    Group group("x2APIC: what can be read and written");
    if (!has_x2apic(group)) {
        return;
    }
    struct Row {
        u32 first, last;
        bool readable, writable;
        u64 reserved;  ///< a bit that a write must not set
    };
    const Row rows[] = {
        {0x800, 0x801, false, false, 1},     {0x802, 0x803, true, false, 1},
        {0x804, 0x807, false, false, 1},     {0x808, 0x808, true, true, bit(8)},
        {0x809, 0x809, false, false, 1},     {0x80a, 0x80a, true, false, 1},
        {0x80b, 0x80b, false, true, 1},      {0x80c, 0x80c, false, false, 1},
        {0x80d, 0x80d, true, false, 1},      {0x80e, 0x80e, false, false, 1},
        {0x80f, 0x80f, true, true, bit(16)}, {0x810, 0x827, true, false, 1},
        {0x828, 0x828, true, true, 1},       {0x829, 0x82e, false, false, 1},
        {0x830, 0x830, true, true, bit(13)}, {0x831, 0x831, false, false, 1},
        {0x832, 0x832, true, true, bit(19)}, {0x833, 0x834, true, true, bit(17)},
        {0x835, 0x836, true, true, bit(17)}, {0x837, 0x837, true, true, bit(17)},
        {0x838, 0x838, true, true, bit(32)}, {0x839, 0x839, true, false, 1},
        {0x83a, 0x83d, false, false, 1},     {0x83e, 0x83e, true, true, bit(4)},
        {0x83f, 0x83f, false, true, bit(8)}, {0x840, 0x84f, false, false, 1},
    };
    go_to_x2apic();
    for (const Row& row : rows) {
        for (u32 msr = row.first; msr <= row.last; ++msr) {
            // A value that does no harm: what is there, or a legal vector for the self IPI.
            const bool self = msr == 0x83f;
            group.expect(msr_read_faults(msr) != row.readable, [&] { out << "read " << Hex{msr}; });
            const u64 value = self ? vector : row.readable ? read_msr(static_cast<Msr>(msr)) : 0;
            group.expect(msr_write_faults(msr, msr == 0x828 ? 0 : value) != row.writable,
                         [&] { out << "write " << Hex{msr}; });
            group.expect(msr_write_faults(msr, value | row.reserved),
                         [&] { out << "reserved bits of " << Hex{msr}; });
        }
    }
    let_in();
    go_to_xapic();
}

void test_x2apic_commands() {
    Group group("x2APIC: commands have wide destinations");
    if (!has_x2apic(group)) {
        return;
    }
    go_to_x2apic();
    watch(vector, end_by_msr);
    struct Row {
        const char* name;
        u64 destination;
        u64 command;
        bool arrives;
    };
    const u64 logical = ApicInterruptCommand::logical.mask;
    const Row rows[] = {
        {"own ID", 0, 0, true},
        {"another's ID", 1, 0, false},
        {"xAPIC's broadcast", 0xff, 0, false},
        {"broadcast", 0xffff'ffff, 0, true},
        {"own logical ID", 1, logical, true},
        {"own among others", 0xffff, logical, true},
        {"another's logical ID", 2, logical, false},
        {"another cluster", 0x1'0001, logical, false},
        {"self", 5, to_self, true},
    };
    for (const Row& row : rows) {
        const u64 command = row.destination << 32 | row.command | vector;
        write_x2apic(ApicRegister::InterruptCommandLow, command);
        group.expect_equal(row.name, read_x2apic(ApicRegister::InterruptCommandLow), command);
        const Arrivals came = let_in(row.arrives ? 1 : 0);
        group.expect(row.arrives ? came.are(vector) : came.count == 0, [&] { out << row.name; });
    }
    write_x2apic(ApicRegister::SelfInterrupt, vector);
    group.expect(let_in(1).are(vector), [] { out << "the self IPI register"; });
    watch(vector, end_in_page);
    go_to_xapic();
}
}  // namespace

void run_tests() {
    base_at_start = base();
    apic(ApicRegister::SpuriousVector) = software_enabled;
    watch(vector, end_in_page);
    test_reserved_bits();
    test_disabled();
    test_relocation();
    test_relocation_over_ram();
    test_without_x2apic();
    test_transitions();
    test_x2apic_identity();
    test_x2apic_registers();
    test_x2apic_commands();
}

}  // namespace ringfence::system_test
