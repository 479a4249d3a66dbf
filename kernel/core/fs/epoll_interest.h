// SPDX-License-Identifier: MIT
// One file in an epoll file's set, and what listens to that file.
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/scheduler/wait_queue.h"
#include "kernel_arch/user_abi.h"

namespace ringfence::kernel {

/// What an event word holds beside poll_bits. [linux/abi]: include/uapi/linux/eventpoll.h
namespace epoll_bits {
using Exclusive = Flag<28, u32>;
using KeepAwake = Flag<29, u32>;  ///< EPOLLWAKEUP, about suspend: taken, without effect
using OneShot = Flag<30, u32>;
using EdgeTriggered = Flag<31, u32>;
/// These say how to report; what to report is in the other bits.
inline constexpr u32 modes =
    Exclusive::mask | KeepAwake::mask | OneShot::mask | EdgeTriggered::mask;
}  // namespace epoll_bits

class EpollFile;

class EpollInterest final : public FileWatcher, public Counted<EpollInterest> {
public:
    /// Listens from now on. `file` is not kept open.
    EpollInterest(EpollFile& owner, i32 descriptor, OpenFile& file, const arch::EpollEvent& event);
    ~EpollInterest();
    EpollInterest(const EpollInterest&) = delete;
    EpollInterest& operator=(const EpollInterest&) = delete;

    [[nodiscard]] EpollFile& owner() const { return owner_; }
    [[nodiscard]] i32 descriptor() const { return descriptor_; }
    [[nodiscard]] OpenFile& file() const { return file_; }
    [[nodiscard]] u64 data() const { return data_; }
    [[nodiscard]] u32 wanted() const { return wanted_; }
    void set_event(const arch::EpollEvent& event);
    [[nodiscard]] bool exclusive() const { return epoll_bits::Exclusive::test(wanted_); }
    /// Which of the wanted events hold now.
    [[nodiscard]] u32 found() const { return file_.ready() & wanted_; }
    /// It has been reported. True if it is to be looked at again without a new wake.
    bool reported();

    void file_closed() override;

    ListHook<EpollInterest> ready_hook{this};  ///< in the owner's list of what may be ready

private:
    /// Its place in one of the file's queues.
    class Listener final : public Waiter {
    public:
        Listener(EpollInterest& interest, u32 announced)
            : interest_(interest), announced_(announced) {}
        void notify() override { interest_.hear(announced_); }

    private:
        EpollInterest& interest_;
        u32 announced_;
    };
    /// One of the events `announced` may have begun to hold.
    void hear(u32 announced);

    EpollFile& owner_;
    OpenFile& file_;
    i32 descriptor_;
    u32 wanted_ = 0;
    u64 data_ = 0;
    Listener reading_;
    Listener writing_;
};

}  // namespace ringfence::kernel
