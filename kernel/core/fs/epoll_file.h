// SPDX-License-Identifier: MIT
// epoll: a set of files that a program is interested in, and a list of those that may be ready,
// which the files' wait queues keep up to date. [linux/abi]: epoll(7)
#pragma once

#include "kernel/core/containers/vector.h"
#include "kernel/core/fs/anonymous_file.h"
#include "kernel/core/fs/epoll_interest.h"
#include "kernel/core/scheduler/wait_queue.h"

namespace ringfence::kernel {

/// A file is known by its descriptor and its open file together, as in Linux: a descriptor that was
/// closed and used anew is another interest. The interest ends with the open file, not with the
/// descriptor.
class EpollFile final : public AnonymousFile {
public:
    static constexpr FileKind file_kind{"epoll"};

    EpollFile() : AnonymousFile(OpenFlags{}, "[eventpoll]") {}
    ~EpollFile() override;

    /// `file` can be polled and is not this one. Eexist; Einval for modes that do not go together;
    /// Eloop if epoll files would watch each other in a circle or in too long a chain.
    Fallible<void> add(i32 descriptor, OpenFile& file, const arch::EpollEvent& event);
    /// Enoent; Einval for modes that only `add` takes.
    Fallible<void> modify(i32 descriptor, OpenFile& file, const arch::EpollEvent& event);
    /// Enoent.
    Fallible<void> remove(i32 descriptor, OpenFile& file);

    /// Puts as many ready events as `to` has room for there and gives their number. Efault only if
    /// not even the first could be written; what could not be written stays ready.
    Fallible<u64> take_ready(const IoDestination& to);
    /// True if take_ready may find something.
    [[nodiscard]] bool may_be_ready() const { return !ready_.empty(); }
    /// Woken when may_be_ready begins to hold.
    [[nodiscard]] WaitQueue& became_ready() { return became_ready_; }

    [[nodiscard]] u32 ready() const override;
    [[nodiscard]] ReadinessQueues queues() override { return {.reading = &became_ready_}; }
    void describe(String& text) const override;
    [[nodiscard]] const FileKind* kind() const override { return &file_kind; }

private:
    friend class EpollInterest;

    /// Where the interest is in the sorted list, or would be.
    [[nodiscard]] usize place_of(i32 descriptor, const OpenFile& file) const;
    [[nodiscard]] EpollInterest* find(i32 descriptor, const OpenFile& file) const;
    /// The longest chain of epoll files that begins here: of those that this one watches (0 if none
    /// is among its files), and of those that watch it.
    [[nodiscard]] u32 depth_below() const;
    [[nodiscard]] u32 depth_above() const;
    [[nodiscard]] bool reaches(const EpollFile& other) const;
    Fallible<void> check_nesting(const EpollFile& inner) const;
    /// `interest` may be ready.
    void note(EpollInterest& interest);
    void forget(EpollInterest& interest);

    Vector<EpollInterest*> interests_;  ///< owned; sorted by descriptor, then by file
    IntrusiveList<EpollInterest, &EpollInterest::ready_hook> ready_;
    WaitQueue became_ready_;
};

/// An epoll file that watches nothing yet.
Fallible<Ref<OpenFile>> make_epoll_file();

}  // namespace ringfence::kernel
