// SPDX-License-Identifier: MIT
// The local APIC in xAPIC mode: what its registers hold, whom commands reach, errors, software
// disable, and the 8259s behind LINT0. [intel/vol3]: 11.4 to 11.9
#include <initializer_list>

#include "tests/system/guest/apic_access.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::ApicDeliveryMode;
using arch::x86::ApicError;
using arch::x86::ApicInterruptCommand;
using arch::x86::ApicLvt;
using arch::x86::ApicSpuriousVector;
using arch::x86::ApicVersion;
using arch::x86::XapicDestination;
using Shorthand = ApicInterruptCommand::Shorthand;

constexpr u64 illegal = 5;
constexpr u64 low = 0x41;
constexpr u64 high = 0x91;
constexpr u64 error_vector = 0xa1;
constexpr u64 pic_vector = 0xb0;
constexpr u32 enabled = ApicSpuriousVector::enabled.mask | 0xff;

void ignore() {}

void test_identity() {
    Group group("version and ID");
    const u32 version = ApicVersion::version.get(apic(ApicRegister::Version));
    group.expect(version >= 0x10 && version <= 0x15, [&] { out << "version " << Hex{version}; });
    group.expect(ApicVersion::last_lvt.get(apic(ApicRegister::Version)) >= 3,
                 [] { out << "fewer than four local vectors"; });
    constexpr Bitfield<24, 8, u32> initial_id{};
    const u32 id = initial_id.get(ThisCpu{}.cpuid(arch::x86::cpuid_features, 0).ebx);
    group.expect_equal("ID", XapicDestination::get(apic(ApicRegister::Id)), id);
}

void test_kept_bits() {
    Group group("registers keep their bits and no others");
    struct Row {
        const char* name;
        ApicRegister which;
        u32 written, kept;
    };
    constexpr u32 lint = 0x1a7ff;
    const Row rows[] = {
        {"TPR", ApicRegister::TaskPriority, ~u32{0}, 0xff},
        {"LDR", ApicRegister::LogicalDestination, ~u32{0}, 0xff00'0000},
        {"DFR, cluster", ApicRegister::DestinationFormat, 0, 0x0fff'ffff},
        {"DFR, flat", ApicRegister::DestinationFormat, ~u32{0}, ~u32{0}},
        {"ICR, upper half", ApicRegister::InterruptCommandHigh, ~u32{0}, 0xff00'0000},
        {"LVT, LINT0", ApicRegister::LvtLint0, ~u32{0}, lint},
        {"LVT, LINT1", ApicRegister::LvtLint1, ~u32{0}, lint},
        {"LVT, performance", ApicRegister::LvtPerformance, ~u32{0}, 0x107ff},
        {"LVT, thermal", ApicRegister::LvtThermal, ~u32{0}, 0x107ff},
        {"LVT, error", ApicRegister::LvtError, ~u32{0}, 0x100ff},
        {"divide", ApicRegister::TimerDivide, ~u32{0}, 0xb},
    };
    for (const Row& row : rows) {
        const u32 before = apic(row.which);
        apic(row.which) = row.written;
        group.expect_equal(row.name, apic(row.which), row.kept);
        apic(row.which) = before;
    }
}

void test_read_only() {
    Group group("read-only registers ignore writes");
    for (const u64 offset : {0x30, 0xa0, 0x100, 0x110, 0x180, 0x200, 0x210, 0x390}) {
        const u32 before = apic(offset);
        apic(offset) = ~before;
        group.expect(apic(offset) == before, [&] { out << "register " << Hex{offset}; });
    }
}

// Messages ----------------------------------------------------------------------------------------

void expect_arrival(Group& group, const char* what, bool wanted) {
    const Arrivals came = let_in(wanted ? 1 : 0);
    group.expect(wanted ? came.are(low) : came.count == 0, [&] { out << what; });
}

void test_physical_destinations() {
    Group group("physical destinations");
    const u32 id = XapicDestination::get(apic(ApicRegister::Id));
    const u32 command = ApicInterruptCommand::assert.mask | static_cast<u32>(low);
    send_command(id, command);
    expect_arrival(group, "own ID", true);
    send_command(id + 1, command);
    expect_arrival(group, "another's ID", false);
    send_command(arch::x86::xapic_broadcast, command);
    expect_arrival(group, "broadcast", true);
    send_command(id, command | ApicInterruptCommand::delivery_mode.make(
                                   static_cast<u32>(ApicDeliveryMode::LowestPriority)));
    expect_arrival(group, "lowest priority", true);
    send_command(id, static_cast<u32>(low));
    expect_arrival(group, "without the assert bit", true);
}

void test_shorthands() {
    Group group("shorthands");
    const auto send = [](Shorthand shorthand) {
        send_command(0x55, ApicInterruptCommand::assert.mask |
                               ApicInterruptCommand::shorthand.make(static_cast<u32>(shorthand)) |
                               static_cast<u32>(low));
    };
    send(Shorthand::Self);
    expect_arrival(group, "self", true);
    send(Shorthand::All);
    expect_arrival(group, "all", true);
    send(Shorthand::AllButSelf);
    expect_arrival(group, "all but self", false);
}

/// Each name against each destination; the manual's rule is in `meets`.
template <typename Meets>
void try_names(Group& group, u32 format, std::initializer_list<u32> names, Meets meets) {
    apic(ApicRegister::DestinationFormat) = format;
    for (const u32 name : names) {
        apic(ApicRegister::LogicalDestination) = XapicDestination::make(name);
        for (u32 destination = 0; destination < arch::x86::xapic_broadcast; ++destination) {
            send_command(destination, ApicInterruptCommand::assert.mask |
                                          ApicInterruptCommand::logical.mask |
                                          static_cast<u32>(low));
            const bool wanted = meets(name, destination);
            const Arrivals came = let_in(wanted ? 1 : 0);
            group.expect(came.count == (wanted ? 1 : 0), [&] {
                out << "name " << Hex{name} << ", destination " << Hex{destination};
            });
        }
    }
    apic(ApicRegister::DestinationFormat) = ~u32{0};
}

void test_logical_destinations() {
    {
        Group group("logical destinations, flat model");
        try_names(group, ~u32{0}, {0x01, 0x10, 0x80, 0x81},
                  [](u32 name, u32 destination) { return (name & destination) != 0; });
    }
    Group group("logical destinations, cluster model");
    try_names(group, 0, {0x01, 0x12, 0x28, 0xe4}, [](u32 name, u32 destination) {
        return name >> 4 == destination >> 4 && (name & destination & 0xf) != 0;
    });
}

void test_views() {
    Group group("IRR, ISR and PPR show what waits and what is served");
    const auto word = [](ApicRegister first, u64 vector) {
        return apic(static_cast<u64>(first) + vector / 32 * arch::x86::apic_register_stride) >>
                   (vector % 32) &
               1;
    };
    watch(high, ignore);
    send_to_self(high);
    group.expect_equal("IRR", word(ApicRegister::InterruptRequest, high), 1);
    group.expect_equal("ISR", word(ApicRegister::InService, high), 0);
    let_in(1);
    group.expect_equal("IRR, in service", word(ApicRegister::InterruptRequest, high), 0);
    group.expect_equal("ISR, in service", word(ApicRegister::InService, high), 1);
    group.expect_equal("PPR", apic(ApicRegister::ProcessorPriority), high & 0xf0);
    apic(ApicRegister::TaskPriority) = 0x35;
    group.expect_equal("PPR, lower task priority", apic(ApicRegister::ProcessorPriority),
                       high & 0xf0);
    apic(ApicRegister::TaskPriority) = 0xb5;
    group.expect_equal("PPR, higher task priority", apic(ApicRegister::ProcessorPriority), 0xb5);
    apic(ApicRegister::TaskPriority) = 0;
    apic(ApicRegister::EndOfInterrupt) = 0;
    group.expect_equal("ISR, ended", word(ApicRegister::InService, high), 0);
    group.expect_equal("PPR, ended", apic(ApicRegister::ProcessorPriority), 0);
    watch(high, end_in_page);
}

// Errors ------------------------------------------------------------------------------------------

u32 errors() {
    apic(ApicRegister::ErrorStatus) = 0;
    return apic(ApicRegister::ErrorStatus);
}

void test_errors() {
    Group group("errors show after a write to the status");
    errors();
    group.expect_equal("none", errors(), 0);
    send_to_self(illegal);
    group.expect_equal("before the write", apic(ApicRegister::ErrorStatus), 0);
    const u32 flags = errors();
    group.expect(ApicError::send_illegal_vector.test(flags), [&] { out << "got " << Hex{flags}; });
    group.expect_equal("reading clears nothing", apic(ApicRegister::ErrorStatus), flags);
    group.expect_equal("the next write does", errors(), 0);
}

void test_received_errors() {
    Group group("an illegal vector is refused by its receiver");
    errors();
    send_to_self(illegal);
    group.expect_equal(
        "sent and received", errors(),
        ApicError::send_illegal_vector.mask | ApicError::receive_illegal_vector.mask);
    group.expect_equal("IRR", apic(ApicRegister::InterruptRequest), 0);
}

void test_reserved_registers() {
    Group group("reserved registers are errors");
    for (const u64 offset : {0x00, 0x40, 0x3a0, 0x3f0}) {
        errors();
        [[maybe_unused]] const u32 value = apic(offset);
        group.expect_equal("read", errors(), ApicError::illegal_register.mask);
        apic(offset) = 0;
        group.expect_equal("write", errors(), ApicError::illegal_register.mask);
    }
}

void test_error_interrupt() {
    Group group("an error interrupts once until the status is written");
    errors();
    apic(ApicRegister::LvtError) = static_cast<u32>(error_vector);
    send_to_self(illegal);
    group.expect(let_in(1).are(error_vector), [] { out << "the first"; });
    send_to_self(illegal);
    group.expect(let_in().count == 0, [] { out << "the second"; });
    errors();
    send_to_self(illegal);
    group.expect(let_in(1).are(error_vector), [] { out << "after the write"; });
    apic(ApicRegister::LvtError) = ApicLvt::masked.mask;
    errors();
}

// Disabled by software ----------------------------------------------------------------------------

void test_software_disable() {
    Group group("disabled by software, it masks its table and takes nothing new");
    apic(ApicRegister::LvtError) = static_cast<u32>(error_vector);
    apic(ApicRegister::SpuriousVector) = 0xff;
    group.expect_equal("entry", apic(ApicRegister::LvtError),
                       ApicLvt::masked.mask | static_cast<u32>(error_vector));
    apic(ApicRegister::LvtError) = static_cast<u32>(error_vector);
    group.expect_equal("cannot be unmasked", apic(ApicRegister::LvtError),
                       ApicLvt::masked.mask | static_cast<u32>(error_vector));
    send_to_self(low);
    apic(ApicRegister::SpuriousVector) = enabled;
    group.expect(let_in().count == 0, [] { out << "a message was kept"; });
    group.expect_equal("stays masked", apic(ApicRegister::LvtError),
                       ApicLvt::masked.mask | static_cast<u32>(error_vector));
    send_to_self(low);
    group.expect(let_in(1).are(low), [] { out << "enabled again"; });
}

// The 8259s ---------------------------------------------------------------------------------------

constexpr u16 pic_command = 0x20;
constexpr u16 pic_data = 0x21;
constexpr u8 only_timer = 0xfe;

/// Vectors from `pic_vector` on, only the timer's input unmasked.
void set_up_pic() {
    for (const u8 value : {u8{0x11}, static_cast<u8>(pic_vector), u8{4}, u8{1}, only_timer}) {
        out8(value == 0x11 ? pic_command : pic_data, value);
    }
}

/// The timer's channel 0 runs out once, soon.
void start_timer() {
    constexpr u16 command = 0x43;
    constexpr u16 channel = 0x40;
    out8(command, 0x30);
    out8(channel, 100);
    out8(channel, 0);
}
void wait_for_timer() {
    constexpr u16 command = 0x43;
    constexpr u16 channel = 0x40;
    constexpr u8 output = 0x80;
    do {
        out8(command, 0xe2);
    } while ((in8(channel) & output) == 0);
}

void test_pic() {
    Group group("the 8259s come in through LINT0");
    const u32 external = ApicLvt::delivery_mode.make(static_cast<u32>(ApicDeliveryMode::External));
    watch(pic_vector, [] { out8(pic_command, 0x20); });
    apic(ApicRegister::LvtLint0) = external | ApicLvt::masked.mask;
    set_up_pic();
    start_timer();
    wait_for_timer();
    group.expect(let_in().count == 0, [] { out << "LINT0 is masked"; });
    apic(ApicRegister::LvtLint0) = external;
    group.expect(let_in(1).are(pic_vector), [] { out << "LINT0 lets it through"; });
    start_timer();
    wait_for_timer();
    apic(ApicRegister::TaskPriority) = 0xff;
    group.expect(let_in(1).are(pic_vector), [] { out << "whatever the task priority"; });
    apic(ApicRegister::TaskPriority) = 0;
    group.expect_equal("not in service in the APIC", apic(ApicRegister::ProcessorPriority), 0);
    out8(pic_data, 0xff);
}

void test_pic_as_input() {
    Group group("LINT0 may have a vector of its own");
    apic(ApicRegister::LvtLint0) = ApicLvt::masked.mask;
    set_up_pic();
    apic(ApicRegister::LvtLint0) = static_cast<u32>(low);
    start_timer();
    group.expect(let_in(1).are(low), [] { out << "edge"; });
    apic(ApicRegister::LvtLint0) = ApicLvt::masked.mask;
    out8(pic_data, 0xff);
}
}  // namespace

void run_tests() {
    apic(ApicRegister::SpuriousVector) = enabled;
    for (const u64 vector : {illegal, low, high, error_vector}) {
        watch(vector, end_in_page);
    }
    test_identity();
    test_kept_bits();
    test_read_only();
    test_physical_destinations();
    test_shorthands();
    test_logical_destinations();
    test_views();
    test_errors();
    test_received_errors();
    test_reserved_registers();
    test_error_interrupt();
    test_software_disable();
    test_pic();
    test_pic_as_input();
}

}  // namespace ringfence::system_test
