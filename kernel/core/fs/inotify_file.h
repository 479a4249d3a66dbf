// SPDX-License-Identifier: MIT
// inotify: what happens to files, as records to be read. [linux/abi]: inotify(7)
#pragma once

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/vector.h"
#include "kernel/core/fs/anonymous_file.h"
#include "kernel/core/scheduler/wait_queue.h"

namespace ringfence::kernel {

/// Bits of a watch that are no events. [linux/abi]: inotify_add_watch(2)
namespace inotify_bits {
using OnlyDirectory = Flag<24, u32>;
using DoNotFollow = Flag<25, u32>;
/// Always so here: a file without a name in the directory is not its child any more.
using ExcludeUnlinked = Flag<26, u32>;
using MaskCreate = Flag<28, u32>;
using MaskAdd = Flag<29, u32>;
using OneShot = Flag<31, u32>;
}  // namespace inotify_bits

class InotifyFile final : public AnonymousFile {
public:
    static constexpr FileKind file_kind{"inotify"};

    explicit InotifyFile(OpenFlags flags) : AnonymousFile(flags, "inotify", OpenFlags::read_only) {}
    ~InotifyFile() override;

    /// Watches a file for the events of `mask` and returns the watch's number, that of the existing
    /// one if there is one, which MaskAdd widens and MaskCreate (Eexist) leaves alone.
    Fallible<u64> watch(Inode& inode, u32 mask);
    /// Einval if there is no such watch.
    Fallible<void> forget(i32 number);

    /// As many whole records as fit; waits for the first. Einval if that does not fit.
    Fallible<u64> read(const IoDestination& to, u64 offset) override;
    Fallible<u64> control(u32 request, u64 argument) override;
    [[nodiscard]] u32 ready() const override;
    [[nodiscard]] ReadinessQueues queues() override { return {.reading = &arrived_}; }
    [[nodiscard]] bool sends_signals() const override { return true; }
    void describe(String& text) const override;
    [[nodiscard]] const FileKind* kind() const override { return &file_kind; }

private:
    class Watch;
    struct Event {
        i32 watch;
        u32 mask;
        u32 cookie;
        String name;
        ListHook<Event> hook{this};
    };

    [[nodiscard]] bool has_events() const { return !events_.empty() || overflowed_; }
    void queue(i32 watch, u32 mask, u32 cookie, std::string_view name);
    /// Puts one record behind `done` bytes and returns its size: 0 if only it does not fit.
    static Fallible<u64> put(const IoDestination& to, u64 done, const Event& event);
    void drop_first();
    /// Ends a watch and says so.
    void end(Watch& watch);

    Vector<Watch*> watches_;  ///< owned
    IntrusiveList<Event, &Event::hook> events_;
    Event* last_ = nullptr;  ///< of those
    u64 event_count_ = 0;
    bool overflowed_ = false;  ///< behind the events that are queued, more was lost
    i32 last_number_ = 0;
    WaitQueue arrived_;
};

Fallible<Ref<InotifyFile>> make_inotify_file(OpenFlags flags);

}  // namespace ringfence::kernel
