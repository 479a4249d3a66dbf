// SPDX-License-Identifier: MIT
#include "kernel/core/fs/event_file.h"

#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

constexpr DeviceNumber event_device{0, 15};
constexpr u64 largest_count = ~u64{0} - 1;

class EventFile final : public OpenFile {
public:
    EventFile(Ref<Inode> inode, OpenFlags flags, u64 initial, bool semaphore)
        : OpenFile(std::move(inode), flags), count_(initial), semaphore_(semaphore) {}

    Fallible<u64> read(const IoDestination& to, u64) override {
        if (to.size() < sizeof(u64)) {
            return Error{Errno::Einval};
        }
        RF_TRY(wait(queue_, [this] { return count_ > 0; }));
        const u64 value = semaphore_ ? 1 : count_;
        RF_TRY(to.put(0, {reinterpret_cast<const u8*>(&value), sizeof(value)}));
        count_ -= value;
        queue_.wake_all();
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
        RF_TRY(wait(queue_, [&] { return count_ <= largest_count - value; }));
        count_ += value;
        queue_.wake_all();
        return u64{sizeof(value)};
    }
    [[nodiscard]] bool seekable() const override { return false; }
    [[nodiscard]] u32 ready() const override {
        return (count_ > 0 ? poll_bits::In::mask : 0) |
               (count_ < largest_count ? poll_bits::Out::mask : 0);
    }
    [[nodiscard]] ReadinessQueues queues() override { return {.reading = &queue_}; }

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
    WaitQueue queue_;
};

}  // namespace

Fallible<Ref<OpenFile>> make_event_file(u64 initial, OpenFlags flags, bool semaphore) {
    RF_TRY(admit_allocation());
    Ref<Inode> inode = make_ref<Inode>(new_metadata({.permissions = 0600}, event_device));
    const OpenFlags both{flags.word | OpenFlags::read_write};
    Ref<OpenFile> file(new EventFile(std::move(inode), both, initial, semaphore));
    file->set_path("anon_inode:[eventfd]");
    return file;
}

}  // namespace ringfence::kernel
