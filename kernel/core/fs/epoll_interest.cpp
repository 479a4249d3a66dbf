// SPDX-License-Identifier: MIT
#include "kernel/core/fs/epoll_interest.h"

#include "kernel/core/fs/epoll_file.h"

namespace ringfence::kernel {

namespace {

constexpr u32 always_wanted = poll_bits::Error::mask | poll_bits::HangUp::mask;
constexpr u32 announced_to_readers = always_wanted | poll_bits::In::mask |
                                     poll_bits::Priority::mask | poll_bits::ReadNormal::mask |
                                     poll_bits::ReadHangUp::mask;
constexpr u32 announced_to_writers =
    always_wanted | poll_bits::Out::mask | poll_bits::WriteNormal::mask;

}  // namespace

EpollInterest::EpollInterest(EpollFile& owner, i32 descriptor, OpenFile& file,
                             const arch::EpollEvent& event)
    : owner_(owner),
      file_(file),
      descriptor_(descriptor),
      reading_(*this, announced_to_readers),
      writing_(*this, announced_to_writers) {
    set_event(event);
    file.watchers().push_back(*this);
    const ReadinessQueues queues = file.queues();
    if (queues.reading != nullptr) {
        queues.reading->add(reading_);
    }
    if (queues.writing != nullptr) {
        queues.writing->add(writing_);
    }
}

EpollInterest::~EpollInterest() {
    ready_hook.unlink();
    reading_.hook.unlink();
    writing_.hook.unlink();
    watch_hook.unlink();
}

void EpollInterest::set_event(const arch::EpollEvent& event) {
    wanted_ = event.events | always_wanted;
    data_ = event.data;
}

bool EpollInterest::reported() {
    if (epoll_bits::OneShot::test(wanted_)) {
        wanted_ &= epoll_bits::modes;  // not even errors, until the program sets events anew
        return false;
    }
    return !epoll_bits::EdgeTriggered::test(wanted_);
}

void EpollInterest::hear(u32 announced) {
    // What was asked for is looked at by the one who takes it, since a file may show each process
    // something else. A file that can be written again is no news to one who wants to read, though
    // it can be read too: edge-triggered interests would be told of the same bytes twice.
    const bool asked = (wanted_ & announced & ~always_wanted) != 0;
    if (asked || (found() & always_wanted) != 0) {
        owner_.note(*this);
    }
}

void EpollInterest::file_closed() {
    owner_.forget(*this);
}

}  // namespace ringfence::kernel
