// SPDX-License-Identifier: MIT
#include "kernel/core/fs/epoll_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/core/fs/event_file.h"
#include "kernel/core/fs/pipe.h"
#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

using poll_bits::In;
using poll_bits::Out;
constexpr u32 edge = epoll_bits::EdgeTriggered::mask;
constexpr u32 one_shot = epoll_bits::OneShot::mask;

class EpollFileTest : public KernelTest {
protected:
    static Ref<OpenFile> counter(u64 initial = 0) {
        return make_event_file(initial, OpenFlags{open_bits::NonBlocking::mask}, true).value();
    }
    /// The data words of the events that are ready, at most `most` of them.
    static std::vector<u64> taken(EpollFile& epoll, u64 most = 8) {
        std::vector<arch::EpollEvent> events(most);
        const u64 count = epoll
                              .take_ready(IoDestination({reinterpret_cast<u8*>(events.data()),
                                                         events.size() * sizeof(arch::EpollEvent)}))
                              .value();
        std::vector<u64> data;
        for (u64 i = 0; i < count; ++i) {
            data.push_back(events[i].data);
        }
        return data;
    }
    static void count_up(OpenFile& file) {
        const u64 one = 1;
        ASSERT_TRUE(
            file.write(IoSource(std::span(reinterpret_cast<const u8*>(&one), sizeof(one))), 0));
    }
    static void count_down(OpenFile& file) {
        u64 value = 0;
        ASSERT_TRUE(
            file.read(IoDestination(std::span(reinterpret_cast<u8*>(&value), sizeof(value))), 0));
    }
    static Ref<EpollFile> epoll() { return make_ref<EpollFile>(); }
};

using Data = std::vector<u64>;

TEST_F(EpollFileTest, reports_level_triggered_files_as_long_as_they_are_ready) {
    const auto set = epoll();
    const auto file = counter();
    ASSERT_TRUE(set->add(3, *file, {In::mask, 7}));
    EXPECT_EQ(taken(*set), Data{});
    count_up(*file);
    EXPECT_EQ(taken(*set), Data{7});
    EXPECT_EQ(taken(*set), Data{7});
    count_down(*file);
    EXPECT_EQ(taken(*set), Data{});
    EXPECT_FALSE(set->may_be_ready());
}

TEST_F(EpollFileTest, reports_an_edge_once_and_each_new_one) {
    const auto set = epoll();
    const auto file = counter(1);
    ASSERT_TRUE(set->add(3, *file, {In::mask | edge, 7}));
    EXPECT_EQ(taken(*set), Data{7});
    EXPECT_EQ(taken(*set), Data{});
    count_up(*file);
    EXPECT_EQ(taken(*set), Data{7});
}

TEST_F(EpollFileTest, does_not_take_room_to_write_for_something_to_read) {
    const auto set = epoll();
    const auto file = counter(2);
    ASSERT_TRUE(set->add(3, *file, {In::mask | edge, 7}));
    EXPECT_EQ(taken(*set), Data{7});
    count_down(*file);  // one is left: it can still be read, and writers hear of the room
    EXPECT_EQ(taken(*set), Data{});
}

TEST_F(EpollFileTest, reports_a_one_shot_file_again_only_when_it_is_armed_anew) {
    const auto set = epoll();
    const auto file = counter(1);
    ASSERT_TRUE(set->add(3, *file, {In::mask | one_shot, 7}));
    EXPECT_EQ(taken(*set), Data{7});
    count_up(*file);
    EXPECT_EQ(taken(*set), Data{});
    ASSERT_TRUE(set->modify(3, *file, {In::mask | one_shot, 8}));
    EXPECT_EQ(taken(*set), Data{8});
}

TEST_F(EpollFileTest, gives_each_ready_file_its_turn) {
    const auto set = epoll();
    std::vector<Ref<OpenFile>> files;
    for (u64 i = 0; i < 5; ++i) {
        files.push_back(counter(1));
        ASSERT_TRUE(set->add(static_cast<i32>(i), *files.back(), {In::mask, i}));
    }
    EXPECT_EQ(taken(*set, 2), (Data{0, 1}));
    EXPECT_EQ(taken(*set, 2), (Data{2, 3}));
    EXPECT_EQ(taken(*set, 2), (Data{4, 0}));
}

TEST_F(EpollFileTest, knows_a_file_by_descriptor_and_open_file) {
    const auto set = epoll();
    const auto file = counter(1);
    const auto other = counter(1);
    ASSERT_TRUE(set->add(3, *file, {In::mask, 1}));
    EXPECT_EQ(set->add(3, *file, {In::mask, 1}).error(), Errno::Eexist);
    EXPECT_TRUE(set->add(4, *file, {In::mask, 2}));
    EXPECT_TRUE(set->add(3, *other, {In::mask, 3}));
    EXPECT_EQ(set->modify(4, *other, {In::mask, 1}).error(), Errno::Enoent);
    EXPECT_TRUE(set->remove(3, *file));
    EXPECT_EQ(set->remove(3, *file).error(), Errno::Enoent);
    EXPECT_EQ(taken(*set), (Data{2, 3}));
}

TEST_F(EpollFileTest, forgets_a_file_with_its_last_reference) {
    const auto set = epoll();
    auto ends = make_pipe(OpenFlags{}).value();
    ASSERT_TRUE(set->add(3, *ends.reader, {In::mask, 1}));
    ASSERT_TRUE(set->add(4, *ends.writer, {Out::mask, 2}));
    EXPECT_EQ(taken(*set), Data{2});
    ends.reader = nullptr;
    EXPECT_EQ(taken(*set), Data{2});  // an error now: nobody reads
    ends.writer = nullptr;
    EXPECT_EQ(taken(*set), Data{});
}

TEST_F(EpollFileTest, may_go_before_its_files) {
    const auto file = counter(1);
    {
        const auto set = epoll();
        ASSERT_TRUE(set->add(3, *file, {In::mask, 1}));
    }
    EXPECT_TRUE(file->watchers().empty());
    count_up(*file);  // nobody listens any more
}

TEST_F(EpollFileTest, is_ready_itself_when_one_of_its_files_is) {
    const auto inner = epoll();
    const auto outer = epoll();
    const auto file = counter();
    ASSERT_TRUE(outer->add(4, *inner, {In::mask, 1}));
    ASSERT_TRUE(inner->add(3, *file, {In::mask, 2}));
    EXPECT_EQ(taken(*outer), Data{});
    count_up(*file);
    EXPECT_EQ(taken(*outer), Data{1});
    EXPECT_EQ(taken(*inner), Data{2});
}

TEST_F(EpollFileTest, refuses_circles_and_long_chains) {
    std::vector<Ref<EpollFile>> chain;
    for (int i = 0; i < 5; ++i) {
        chain.push_back(epoll());
    }
    for (usize i = 0; i + 1 < chain.size(); ++i) {
        EXPECT_TRUE(chain[i]->add(9, *chain[i + 1], {In::mask, 0}));
    }
    EXPECT_EQ(chain.back()->add(9, *chain.front(), {In::mask, 0}).error(), Errno::Eloop);
    const auto sixth = epoll();
    EXPECT_EQ(chain.back()->add(9, *sixth, {In::mask, 0}).error(), Errno::Eloop);
    EXPECT_EQ(sixth->add(9, *chain.front(), {In::mask, 0}).error(), Errno::Eloop);
    EXPECT_TRUE(sixth->add(9, *chain.back(), {In::mask, 0}));
}

TEST_F(EpollFileTest, takes_the_exclusive_mode_when_adding_only) {
    const auto set = epoll();
    const auto file = counter(1);
    const u32 exclusive = epoll_bits::Exclusive::mask;
    EXPECT_EQ(set->add(3, *file, {In::mask | exclusive | one_shot, 1}).error(), Errno::Einval);
    EXPECT_TRUE(set->add(3, *file, {In::mask | exclusive, 1}));
    EXPECT_EQ(set->modify(3, *file, {In::mask, 1}).error(), Errno::Einval);
    EXPECT_EQ(set->modify(3, *file, {In::mask | exclusive, 1}).error(), Errno::Einval);
    EXPECT_EQ(set->add(4, *epoll(), {In::mask | exclusive, 1}).error(), Errno::Einval);
}

}  // namespace
}  // namespace ringfence::kernel::testing
