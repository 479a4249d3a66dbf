// SPDX-License-Identifier: MIT
#include "kernel/core/process/isolation_choice.h"

#include "kernel/core/process/process_table.h"
#include "tests/unit/kernel/core/credentials_of.h"
#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

using arch::Design;

class IsolationChoiceTest : public KernelTest {
protected:
    IsolationChoiceTest() {
        design_of_system = Design::Shared;
        designs_that_can_be_prepared = ~u64{0};
        for (u32 id = 1; id <= 3; ++id) {
            auto process = make_ref<Process>(id);
            process->memory = MemorySpace::create({}).value();
            processes().add(process);
            all_.push_back(process);
        }
    }
    ~IsolationChoiceTest() override {
        for (const auto& process : all_) {
            processes().remove(*process);
        }
    }
    IsolationChoiceTest(const IsolationChoiceTest&) = delete;
    IsolationChoiceTest& operator=(const IsolationChoiceTest&) = delete;

    Process& process(usize index) { return *all_[index]; }
    Design design(usize index) { return process(index).memory->tables().design(); }

private:
    std::vector<Ref<Process>> all_;
};

TEST_F(IsolationChoiceTest, programs_that_have_not_chosen_follow_the_system) {
    ASSERT_TRUE(choose_isolation(process(1), {.choice = IsolationChoice::Shared}));
    ASSERT_TRUE(change_system_design(Design::Isolated));
    EXPECT_EQ(design_of_system, Design::Isolated);
    EXPECT_EQ(design(0), Design::Isolated);
    EXPECT_EQ(design(1), Design::Shared);
    EXPECT_EQ(design(2), Design::Isolated);
}

TEST_F(IsolationChoiceTest, all_change_or_none) {
    designs_that_can_be_prepared = 2;
    EXPECT_EQ(change_system_design(Design::Isolated).error(), Errno::Enomem);
    EXPECT_EQ(design_of_system, Design::Shared);
    for (const usize index : {0, 1, 2}) {
        EXPECT_EQ(design(index), Design::Shared);
    }
    // What was prepared for the attempt is given back: it does not come into force later.
    process(0).memory->tables().commit_design();
    EXPECT_EQ(design(0), Design::Shared);
}

TEST_F(IsolationChoiceTest, shared_memory_changes_once) {
    process(1).memory = process(0).memory;
    ASSERT_TRUE(change_system_design(Design::Isolated));
    EXPECT_EQ(design(0), Design::Isolated);
    EXPECT_EQ(choose_isolation(process(0), {}).error(), Errno::Ebusy);
}

TEST_F(IsolationChoiceTest, less_protection_takes_privilege) {
    for (Process* each : {&process(0), &process(1)}) {
        each->credentials = credentials_of(1000, 1000);
    }
    const IsolationSetting isolated{.choice = IsolationChoice::Isolated};
    EXPECT_TRUE(choose_isolation(process(0), isolated));
    EXPECT_EQ(choose_isolation(process(0), {}).error(), Errno::Eperm);
    EXPECT_EQ(choose_isolation(process(0), {.choice = IsolationChoice::Shared}).error(),
              Errno::Eperm);
    EXPECT_EQ(design(0), Design::Isolated);
    // Shared already; but to insist on it would outlast a change of the system's.
    EXPECT_EQ(choose_isolation(process(1), {.choice = IsolationChoice::Shared}).error(),
              Errno::Eperm);
}

TEST_F(IsolationChoiceTest, execve_clears_it_unless_it_is_kept) {
    const IsolationSetting passing{.choice = IsolationChoice::Shared};
    const IsolationSetting lasting{.choice = IsolationChoice::Shared, .keep_on_exec = true};
    EXPECT_EQ(passing.after_exec(false).choice, IsolationChoice::System);
    EXPECT_EQ(lasting.after_exec(false).choice, IsolationChoice::Shared);
    EXPECT_EQ(lasting.after_exec(true).choice, IsolationChoice::System);
}

}  // namespace
}  // namespace ringfence::kernel::testing
