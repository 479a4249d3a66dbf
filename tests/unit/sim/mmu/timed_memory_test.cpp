// SPDX-License-Identifier: MIT
// What a load that will fault gives to those who run on it: by the CPU's policy, by why it faults,
// and by where its line is.
#include "sim/mmu/timed_memory.h"

#include <gtest/gtest.h>

#include "tests/unit/sim/mmu/timed_bed.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;
using timing::AccessIntent;
using timing::DataAccess;
using timing::Forward;

constexpr u64 address = 0x7123'4560'1000;
constexpr u64 frame = 0x0100'0000;
constexpr u32 secret = 0x5ec'2e75;
constexpr u64 supervisor_rights = present | writable;

/// User mode on a memory of one page, which the caller has mapped somehow.
class Victim {
public:
    Victim(timing::TransienceParameters transience, u64 rights) : parameters_(of(transience)) {
        path_.map(frame);
        path_.set_entry(1, frame | rights);
        memory_.write(PhysicalAddress{frame}, secret);
        mmu_.write_efer(0x900);
        EXPECT_TRUE(mmu_.write_cr4(0x20).ok());
        EXPECT_TRUE(mmu_.write_cr3(path_.root()).ok());
        EXPECT_TRUE(mmu_.write_cr0(0x8001'0001).ok());
        mmu_.set_privilege(3, false);
    }

    /// The supervisor uses its line, which lies in L1D then.
    void use_line() {
        mmu_.set_privilege(0, false);
        timed_.begin_instruction(0x400);
        path_.set_entry(1, path_.entry(1) | present);
        timed_.access(load(), now_ += 10'000);
        mmu_.set_privilege(3, false);
    }
    void set_leaf(u64 entry) {
        path_.set_entry(1, entry);
        mmu_.invlpg(VirtualAddress{address});
    }
    void watch(observe::Observer& observer) {
        recorder_.add(observer);
        timed_.report_to(&recorder_);
    }
    timing::AccessTime access() {
        timed_.begin_instruction(0x400);
        return timed_.access(load(), now_ += 10'000);
    }
    /// What dependents of the latest access read; nothing if they get nothing.
    std::optional<u32> forwarded() {
        u32 value = 0;
        return timed_.read(VirtualAddress{address}, &value, sizeof value) ? std::optional{value}
                                                                          : std::nullopt;
    }
    [[nodiscard]] bool line_in_l1d() const {
        return timed_.hierarchy().l1d_holds(PhysicalAddress{frame});
    }

private:
    static DataAccess load() {
        return {.address = VirtualAddress{address}, .bytes = 4, .intent = AccessIntent::Load};
    }
    static timing::Parameters of(timing::TransienceParameters transience) {
        timing::Parameters parameters;
        parameters.hierarchy = bed_hierarchy();
        parameters.translation = bed_translation();
        parameters.transience = transience;
        return parameters;
    }

    timing::Parameters parameters_;
    memory::PhysicalMemory memory_ = make_memory();
    observe::Recorder recorder_;
    Mmu mmu_{memory_, recorder_, PagingFeatures{}};
    TablePath path_{memory_, PagingMode::FourLevel, 1, address};
    TimedMemory timed_{mmu_, memory_, parameters_};
    Cycle now_ = 0;
};

TEST(TimedMemory, AnAllowedLoadGivesWhatIsThere) {
    Victim victim({}, all_rights);
    EXPECT_FALSE(victim.access().blocked);
    EXPECT_EQ(victim.forwarded(), secret);
}

TEST(TimedMemory, ASupervisorsPageIsForwardedWhereTheCpuDoesSoAndTheLineIsInL1d) {
    Victim victim({.supervisor_page = Forward::Data}, supervisor_rights);
    victim.use_line();
    EXPECT_FALSE(victim.access().blocked);
    EXPECT_EQ(victim.forwarded(), secret);
}

TEST(TimedMemory, ALineThatIsNotInL1dGivesZeroAndIsFetched) {
    Victim victim({.supervisor_page = Forward::Data}, supervisor_rights);
    EXPECT_FALSE(victim.access().blocked);
    EXPECT_EQ(victim.forwarded(), 0U);
    EXPECT_TRUE(victim.line_in_l1d());
    victim.access();
    EXPECT_EQ(victim.forwarded(), secret) << "the next attempt finds it";
}

TEST(TimedMemory, OtherCpusGiveZeroOrNothing) {
    Victim zero({.supervisor_page = Forward::Zero}, supervisor_rights);
    zero.use_line();
    EXPECT_FALSE(zero.access().blocked);
    EXPECT_EQ(zero.forwarded(), 0U);
    Victim block({.supervisor_page = Forward::Block}, supervisor_rights);
    block.use_line();
    EXPECT_TRUE(block.access().blocked);
    EXPECT_EQ(block.forwarded(), std::nullopt);
}

TEST(TimedMemory, OnlyACpuThatFetchesForwardedLinesFetchesThem) {
    for (const Forward policy : {Forward::Zero, Forward::Block}) {
        Victim victim({.supervisor_page = policy}, supervisor_rights);
        victim.access();
        EXPECT_FALSE(victim.line_in_l1d());
    }
}

TEST(TimedMemory, WithoutATranslationThereIsNothingToForward) {
    Victim victim({.supervisor_page = Forward::Data, .terminal_fault = true}, supervisor_rights);
    victim.use_line();
    victim.set_leaf(0);
    EXPECT_TRUE(victim.access().blocked);
    EXPECT_EQ(victim.forwarded(), std::nullopt);
}

TEST(TimedMemory, AnEntryThatIsNotPresentStillNamesALineWhereTheCpuLooksItUp) {
    for (const bool terminal_fault : {false, true}) {
        Victim victim({.supervisor_page = Forward::Data, .terminal_fault = terminal_fault},
                      supervisor_rights);
        victim.use_line();
        victim.set_leaf(frame | writable | user);
        EXPECT_EQ(victim.access().blocked, !terminal_fault);
        EXPECT_EQ(victim.forwarded(),
                  terminal_fault ? std::optional{secret} : std::optional<u32>{});
    }
}

/// Keeps the forbidden loads that it hears of.
class ForbiddenLoads final : public observe::Observer {
public:
    void timing(const observe::TimingEvent& event) override {
        if (event.kind == observe::TimingEvent::Kind::Forbidden) {
            seen.push_back(event);
        }
    }
    std::vector<observe::TimingEvent> seen;
};

TEST(TimedMemory, TellsOfEachForbiddenLoadAndWhatItGave) {
    using Event = observe::TimingEvent;
    const auto tell = [](timing::TransienceParameters transience, u64 leaf, bool in_l1d) {
        Victim victim(transience, supervisor_rights);
        if (in_l1d) {
            victim.use_line();
        }
        victim.set_leaf(leaf);
        ForbiddenLoads loads;
        victim.watch(loads);
        static_cast<void>(victim.access());
        EXPECT_EQ(loads.seen.size(), 1U);
        EXPECT_EQ(loads.seen.front().rip.value(), 0x400U);
        EXPECT_EQ(loads.seen.front().address.value(), address);
        EXPECT_TRUE(loads.seen.front().user);
        return loads.seen.front();
    };
    constexpr u64 supervisor_page = frame | supervisor_rights;
    const timing::TransienceParameters data{.supervisor_page = Forward::Data};
    EXPECT_EQ(tell(data, supervisor_page, true).forwarded, Event::Forwarded::Data);
    EXPECT_EQ(tell(data, supervisor_page, true).reason, Event::Reason::Supervisor);
    EXPECT_EQ(tell(data, supervisor_page, true).physical.value(), frame);
    EXPECT_EQ(tell(data, supervisor_page, false).forwarded, Event::Forwarded::Zero);
    EXPECT_EQ(tell({.supervisor_page = Forward::Zero}, supervisor_page, true).forwarded,
              Event::Forwarded::Zero);
    EXPECT_EQ(tell({.supervisor_page = Forward::Block}, supervisor_page, true).forwarded,
              Event::Forwarded::Nothing);
    const Event no_page = tell(data, 0, true);
    EXPECT_EQ(no_page.forwarded, Event::Forwarded::Nothing);
    EXPECT_EQ(no_page.reason, Event::Reason::NoPage);
    EXPECT_EQ(no_page.number, 12U);
    EXPECT_EQ(tell(data, frame | all_rights | 1ULL << 51, true).reason, Event::Reason::Malformed);
}

TEST(TimedMemory, ATerminalFaultFindsNothingBeyondL1dAndFetchesNothing) {
    Victim victim({.terminal_fault = true}, writable | user);
    EXPECT_TRUE(victim.access().blocked);
    EXPECT_FALSE(victim.line_in_l1d());
}

}  // namespace
}  // namespace ringfence::sim::mmu
