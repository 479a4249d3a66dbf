// SPDX-License-Identifier: MIT
// Transactions in the timed engine: what they cost, what ends them besides, and what an abort
// leaves in the caches.
#include "sim/presets/preset_file.h"
#include "sim/presets/timing_parameters.h"
#include "tests/unit/sim/isa/transactional_guest.h"

namespace ringfence::sim {
namespace {

using cpu::AbortStatus;
using cpu::Gpr;
using timing::Event;

constexpr u64 data = Guest::data;
constexpr u64 page = 4096;

timing::Parameters skylake() {
    static const auto model = presets::find_preset("skylake-sp");
    return presets::timing_parameters(model.value());
}

/// What follows the loads of a set's worth of lines, 4096 bytes apart, behind the one at rdi.
std::vector<u8> loads_of_one_set(unsigned count) {
    std::vector<u8> body{0x48, 0xff, 0x07};  // inc qword [rdi]
    for (unsigned i = 1; i <= count; ++i) {  // mov rdx, [rdi + i * 4096]
        const std::vector<u8> load{0x48, 0x8b, 0x97, 0, static_cast<u8>(i << 4), 0, 0};
        body.insert(body.end(), load.begin(), load.end());
    }
    body.insert(body.end(), {0x90, 0x90});
    return body;
}

TEST(TimedTransaction, aborts_when_loads_push_out_what_it_wrote) {
    TransactionalGuest guest;
    guest.set_timing(skylake());
    guest.make_writable_at_once(data);
    guest.reg(Gpr::Rdi) = data;
    EXPECT_EQ(guest.outcome(loads_of_one_set(3)), committed);
    EXPECT_EQ(guest.outcome(loads_of_one_set(10)), AbortStatus::overflow.mask);
    EXPECT_EQ(guest.read<u64>(data), 1U);
    EXPECT_EQ(guest.outcome(loads_of_one_set(3)), committed) << "the next is another one";

    TransactionalGuest functional;
    functional.make_writable_at_once(data);
    functional.reg(Gpr::Rdi) = data;
    EXPECT_EQ(functional.outcome(loads_of_one_set(10)), committed) << "where there is no cache";
}

/// Cycles of a run of `body` with one figure set to `cost`; all is warm.
u64 cycles_of(const std::vector<u8>& body, Event event, timing::Cycle cost) {
    timing::Parameters parameters = skylake();
    parameters.event_cycles[static_cast<unsigned>(event)] = cost;
    TransactionalGuest guest;
    guest.set_timing(parameters);
    guest.unmap(data);
    guest.reg(Gpr::Rdi) = data;
    static_cast<void>(guest.outcome(body));
    const u64 before = guest.cpu.cycles;
    static_cast<void>(guest.outcome(body));
    EXPECT_EQ(guest.timed().core().stack().total(), guest.cpu.cycles);
    return guest.cpu.cycles - before;
}

TEST(TimedTransaction, costs_what_the_figures_say) {
    const std::vector<u8> nothing{};
    const std::vector<u8> fault{0x8b, 0x07};          // mov eax, [rdi]
    const std::vector<u8> request{0xc6, 0xf8, 0x01};  // xabort 1
    constexpr timing::Cycle more = 1000;
    const auto added = [&](const std::vector<u8>& body, Event event) {
        return cycles_of(body, event, 100 + more) - cycles_of(body, event, 100);
    };
    EXPECT_EQ(added(nothing, Event::TransactionBegin), more);
    EXPECT_EQ(added(nothing, Event::TransactionEnd), more);
    EXPECT_EQ(added(nothing, Event::TransactionAbort), 0U);
    EXPECT_EQ(added(fault, Event::TransactionAbort), more);
    EXPECT_EQ(added(request, Event::TransactionAbort), more);
    EXPECT_EQ(added(fault, Event::PageFault), 0U) << "nothing is delivered";
}

/// Loads the supervisor's byte at rsi and from there a line of rdi's page, in user mode.
TEST(TimedTransaction, a_fault_leaves_in_the_cache_what_followed_it) {
    TransactionalGuest guest;
    guest.set_timing(skylake());
    constexpr u64 secret = data + page;
    constexpr u64 lines = data + 2 * page;
    guest.write<u8>(secret, 5);
    // From supervisor mode, so that the byte's line is in the cache: mov al, [rsi]; mfence.
    guest.reg(Gpr::Rsi) = secret;
    EXPECT_EQ(guest.outcome({0x8a, 0x06, 0x0f, 0xae, 0xf0}), committed);
    guest.make_supervisor(secret);
    guest.reg(Gpr::Rdi) = lines;
    // movzx eax, byte [rsi]; shl eax, 6; mov al, [rdi + rax]
    guest.begin({0x0f, 0xb6, 0x06, 0xc1, 0xe0, 0x06, 0x8a, 0x04, 0x07}, 3);
    EXPECT_EQ(guest.run(), cpu::StopReason::Halted);
    EXPECT_EQ(guest.trap()->vector, general_protection) << "only HLT is delivered";
    EXPECT_EQ(guest.trap()->rip, guest.fallback() + 5);
    EXPECT_EQ(guest.reg(Gpr::Rax), 0U);
    const auto& caches = guest.timed().memory().hierarchy();
    for (u64 i = 0; i < 16; ++i) {
        EXPECT_EQ(caches.l1d_holds(PhysicalAddress{lines + i * 64}), i == 5) << i;
    }
}

TEST(TimedTransaction, nothing_runs_on_behind_an_abort_on_request) {
    TransactionalGuest guest;
    guest.set_timing(skylake());
    guest.reg(Gpr::Rdi) = data;
    EXPECT_EQ(guest.outcome({0xc6, 0xf8, 0x00, 0x8a, 0x07}), 1U);  // xabort 0; mov al, [rdi]
    EXPECT_FALSE(guest.timed().memory().hierarchy().l1d_holds(PhysicalAddress{data}));
}

TEST(TimedTransaction, a_flush_that_aborts_flushes_nothing) {
    TransactionalGuest guest;
    guest.set_timing(skylake());
    guest.reg(Gpr::Rdi) = data;
    EXPECT_EQ(guest.outcome({0x8a, 0x07}), committed);  // mov al, [rdi]
    EXPECT_EQ(guest.outcome({0x0f, 0xae, 0x3f}), 0U);   // clflush [rdi]
    EXPECT_TRUE(guest.timed().memory().hierarchy().l1d_holds(PhysicalAddress{data}));
}

}  // namespace
}  // namespace ringfence::sim
