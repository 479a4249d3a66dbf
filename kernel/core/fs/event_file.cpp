// SPDX-License-Identifier: MIT
#include "kernel/core/fs/event_file.h"

#include "kernel/core/fs/anonymous_file.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

constexpr u64 largest_count = ~u64{0} - 1;

class EventFile final : public AnonymousFile {
public:
    EventFile(OpenFlags flags, u64 initial, bool semaphore)
        : AnonymousFile(flags, "[eventfd]"), count_(initial), semaphore_(semaphore) {}

    Fallible<u64> read(const IoDestination& to, u64) override {
        if (to.size() < sizeof(u64)) {
            return Error{Errno::Einval};
        }
        RF_TRY(wait(read_queue_, [this] { return count_ > 0; }));
        const u64 value = semaphore_ ? 1 : count_;
        RF_TRY(to.put(0, {reinterpret_cast<const u8*>(&value), sizeof(value)}));
        count_ -= value;
        write_queue_.wake_all();
        return u64{sizeof(value)};
    }
    Fallible<u64> write(const IoSource& from, u64) override {
        u64 value = 0;
        if (from.size() < sizeof(value)) {
            return Error{Errno::Einval};
        }
        RF_TRY(from.get(0, {reinterpret_cast<u8*>(&value), sizeof(value)}));
        if (value > largest_count) {
            return Error{Errno::Einval};
        }
        RF_TRY(wait(write_queue_, [&] { return count_ <= largest_count - value; }));
        count_ += value;
        read_queue_.wake_all();
        return u64{sizeof(value)};
    }
    [[nodiscard]] u32 ready() const override {
        return (count_ > 0 ? poll_bits::In::mask : 0) |
               (count_ < largest_count ? poll_bits::Out::mask : 0);
    }
    void describe(String& text) const override {
        constexpr usize width = 16;
        text.append("eventfd-count: ").append_hex(count_, width, ' ').append('\n');
    }
    [[nodiscard]] ReadinessQueues queues() override {
        return {.reading = &read_queue_, .writing = &write_queue_};
    }

private:
    template <typename Condition>
    Fallible<void> wait(WaitQueue& queue, Condition condition) {
        if (!may_block() && !condition()) {
            return Error{Errno::Eagain};
        }
        return wait_until(queue, condition);
    }

    u64 count_;
    bool semaphore_;
    WaitQueue read_queue_;   ///< waits for a count
    WaitQueue write_queue_;  ///< waits for room to count
};

}  // namespace

Fallible<Ref<OpenFile>> make_event_file(u64 initial, OpenFlags flags, bool semaphore) {
    RF_TRY(admit_allocation());
    return Ref<OpenFile>(new EventFile(flags, initial, semaphore));
}

}  // namespace ringfence::kernel
