// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/run_queue.h"
#include "kernel/core/scheduler/timer.h"
#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

class SchedulerQueueTest : public KernelTest {
protected:
    static Ref<Thread> thread(u32 id) { return make_ref<Thread>(id, Ref<Process>()); }
};

TEST_F(SchedulerQueueTest, threads_run_in_the_order_they_came) {
    RunQueue queue;
    const Ref<Thread> a = thread(1), b = thread(2), c = thread(3);
    for (const Ref<Thread>& each : {a, b, c}) {
        queue.add(*each);
        EXPECT_EQ(each->state, Thread::State::Ready);
    }
    queue.remove(*b);
    EXPECT_EQ(queue.take(), a.get());
    queue.add(*a);
    EXPECT_EQ(queue.take(), c.get());
    EXPECT_EQ(queue.take(), a.get());
    EXPECT_EQ(queue.take(), nullptr);
    EXPECT_TRUE(queue.empty());
}

TEST_F(SchedulerQueueTest, the_most_urgent_thread_comes_first_and_keeps_its_turn_if_it_must) {
    RunQueue queue;
    const Ref<Thread> ordinary = thread(1), low = thread(2), high = thread(3), other = thread(4);
    low->scheduling = {.policy = SchedulingPolicy::Fifo, .priority = 10};
    high->scheduling = {.policy = SchedulingPolicy::RoundRobin, .priority = 20};
    other->scheduling = high->scheduling;
    for (const Ref<Thread>& each : {ordinary, low, high}) {
        queue.add(*each);
    }
    EXPECT_EQ(queue.take(), high.get());
    queue.add(*other);
    queue.add(*high);  // its round is over
    EXPECT_EQ(queue.take(), other.get());
    queue.add(*other, Turn::First);  // somebody more urgent had come
    EXPECT_EQ(queue.take(), other.get());
    EXPECT_EQ(queue.take_ordinary(), ordinary.get());
    EXPECT_EQ(queue.take_ordinary(), nullptr);
    EXPECT_EQ(queue.take(), high.get());
    EXPECT_EQ(queue.take(), low.get());
    EXPECT_TRUE(queue.empty());
}

TEST_F(SchedulerQueueTest, who_is_interrupted_goes_on_before_others_like_it) {
    RunQueue queue;
    const Ref<Thread> a = thread(1), b = thread(2);
    queue.add(*a);
    queue.add(*b, Turn::First);
    EXPECT_EQ(queue.take(), b.get());
    EXPECT_EQ(queue.take(), a.get());
}

struct Firing {
    std::vector<int>* order;
    int name;
    static void note(void* context) {
        auto* self = static_cast<Firing*>(context);
        self->order->push_back(self->name);
    }
};

TEST_F(SchedulerQueueTest, timers_fire_in_the_order_of_their_deadlines) {
    TimerQueue queue;
    std::vector<int> order;
    Firing one{&order, 1}, two{&order, 2}, three{&order, 3};
    Timer a(Firing::note, &one), b(Firing::note, &two), c(Firing::note, &three);
    queue.arm(a, 30);
    queue.arm(b, 10);
    queue.arm(c, 30);
    queue.expire(9);
    EXPECT_TRUE(order.empty());
    queue.expire(29);
    EXPECT_EQ(order, (std::vector<int>{2}));
    queue.arm(a, 5);  // armed anew: its old deadline is forgotten
    queue.expire(30);
    EXPECT_EQ(order, (std::vector<int>{2, 1, 3}));
    EXPECT_TRUE(queue.empty());
}

TEST_F(SchedulerQueueTest, a_dead_or_cancelled_timer_never_fires) {
    TimerQueue queue;
    std::vector<int> order;
    Firing one{&order, 1};
    Timer cancelled(Firing::note, &one);
    queue.arm(cancelled, 1);
    cancelled.cancel();
    {
        Timer dead(Firing::note, &one);
        queue.arm(dead, 1);
    }
    queue.arm(cancelled, never);
    EXPECT_FALSE(cancelled.armed());
    queue.expire(100);
    EXPECT_TRUE(order.empty());
}

}  // namespace
}  // namespace ringfence::kernel::testing
