// SPDX-License-Identifier: MIT
#include "kernel/core/fs/inotify_file.h"

#include <algorithm>
#include <cstring>

#include "kernel/core/fs/control_requests.h"
#include "kernel/core/fs/file_events.h"
#include "kernel/core/fs/inode_watch.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/vm/admission.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

namespace {

/// `struct inotify_event`, which the name follows. [linux/abi]: include/uapi/linux/inotify.h
struct Record {
    i32 watch;
    u32 mask;
    u32 cookie;
    u32 name_size;
};
static_assert(sizeof(Record) == 16);

// Masks that come without having been asked for.
constexpr u32 queue_overflow = bit<u32>(14);
constexpr u32 ignored = bit<u32>(15);

constexpr u64 longest_queue = 16384;  // fs.inotify.max_queued_events
constexpr usize longest_name = 255;

/// Names are padded with zeroes so that the next record is aligned; no name takes no room.
u64 padded_size(std::string_view name) {
    return name.empty() ? 0 : align_up(name.size() + 1, sizeof(Record));
}

}  // namespace

class InotifyFile::Watch final : public InodeWatch {
public:
    Watch(InotifyFile& file, Inode& inode, i32 number, u32 mask)
        : InodeWatch(inode), number(number), mask(mask), file_(file) {}

    [[nodiscard]] u32 wanted() const override { return mask & file_events::all; }
    void happened(u32 event, u32 cookie, std::string_view name) override {
        file_.queue(number, event, cookie, name);
        if (inotify_bits::OneShot::test(mask)) {
            file_.end(*this);
        }
    }
    void ended() override {
        if (file_events::SelfDeleted::test(mask)) {
            file_.queue(number, file_events::SelfDeleted::mask, 0, {});
        }
        file_.end(*this);
    }

    const i32 number;
    u32 mask;

private:
    InotifyFile& file_;
};

InotifyFile::~InotifyFile() {
    for (const Watch* watch : watches_) {
        delete watch;
    }
    while (const Event* event = events_.pop_front()) {
        delete event;
    }
}

Fallible<u64> InotifyFile::watch(Inode& inode, u32 mask) {
    const auto existing = std::find_if(watches_.begin(), watches_.end(), [&](const Watch* watch) {
        return &watch->inode() == &inode;
    });
    if (existing != watches_.end()) {
        if (inotify_bits::MaskCreate::test(mask)) {
            return Error{Errno::Eexist};
        }
        Watch& old = **existing;
        old.mask = inotify_bits::MaskAdd::test(mask) ? old.mask | mask : mask;
        return static_cast<u64>(old.number);
    }
    RF_TRY(admit_allocation());
    watches_.push_back(new Watch(*this, inode, ++last_number_, mask));
    return static_cast<u64>(last_number_);
}

Fallible<void> InotifyFile::forget(i32 number) {
    const auto found = std::find_if(watches_.begin(), watches_.end(), [number](const Watch* watch) {
        return watch->number == number;
    });
    if (found == watches_.end()) {
        return Error{Errno::Einval};
    }
    end(**found);
    return {};
}

void InotifyFile::end(Watch& watch) {
    queue(watch.number, ignored, 0, {});
    const auto found = std::find(watches_.begin(), watches_.end(), &watch);
    watches_.erase(static_cast<usize>(found - watches_.begin()));
    delete &watch;
}

void InotifyFile::queue(i32 watch, u32 mask, u32 cookie, std::string_view name) {
    if (last_ != nullptr && last_->watch == watch && last_->mask == mask && last_->name == name) {
        return;  // Linux says the same thing twice in a row only once
    }
    // Events happen on the way of requests that cannot fail for want of memory any more.
    if (overflowed_ || event_count_ == longest_queue || !memory_available()) {
        overflowed_ = true;
    } else {
        last_ = new Event{watch, mask, cookie, String(name)};
        events_.push_back(*last_);
        ++event_count_;
    }
    arrived_.wake_all();
}

Fallible<u64> InotifyFile::put(const IoDestination& to, u64 done, const Event& event) {
    u8 bytes[sizeof(Record) + align_up(longest_name + 1, sizeof(Record))] = {};
    const u64 name_size = padded_size(event.name);
    const u64 size = sizeof(Record) + name_size;
    if (done + size > to.size()) {
        return done > 0 ? Fallible<u64>(u64{0}) : Error{Errno::Einval};
    }
    const Record record{event.watch, event.mask, event.cookie, static_cast<u32>(name_size)};
    std::memcpy(bytes, &record, sizeof(record));
    std::memcpy(bytes + sizeof(record), event.name.view().data(), event.name.size());
    RF_TRY(to.put(done, {bytes, size}));
    return size;
}

Fallible<u64> InotifyFile::read(const IoDestination& to, u64) {
    if (!may_block() && !has_events()) {
        return Error{Errno::Eagain};
    }
    RF_TRY(wait_until(arrived_, [this] { return has_events(); }));
    u64 done = 0;
    while (has_events()) {
        const Event overflow{-1, queue_overflow, 0, {}};
        const Event* first = events_.front();
        const auto size = put(to, done, first != nullptr ? *first : overflow);
        if (!size || size.value() == 0) {
            return done > 0 ? Fallible<u64>(done) : size;
        }
        done += size.value();
        drop_first();
    }
    return done;
}

void InotifyFile::drop_first() {
    const Event* first = events_.pop_front();
    if (first == nullptr) {
        overflowed_ = false;
        return;
    }
    last_ = first == last_ ? nullptr : last_;
    --event_count_;
    delete first;
}

Fallible<u64> InotifyFile::control(u32 request, u64 argument) {
    if (request != control_requests::bytes_readable) {
        return Error{Errno::Enotty};
    }
    u64 size = overflowed_ ? sizeof(Record) : 0;
    for (const Event& event : events_) {
        size += sizeof(Record) + padded_size(event.name);
    }
    RF_TRY(write_user(VirtualAddress{argument}, static_cast<i32>(size)));
    return u64{0};
}

u32 InotifyFile::ready() const {
    return has_events() ? poll_bits::In::mask | poll_bits::ReadNormal::mask : 0;
}

Fallible<Ref<InotifyFile>> make_inotify_file(OpenFlags flags) {
    RF_TRY(admit_allocation());
    return Ref<InotifyFile>(new InotifyFile(flags));
}

void InotifyFile::describe(String& text) const {
    for (const Watch* watch : watches_) {
        const Metadata& inode = watch->inode().metadata();
        text.append("inotify wd:").append_hex(static_cast<u32>(watch->number));
        text.append(" ino:").append_hex(inode.number);
        text.append(" sdev:").append_hex(inode.file_system.inside_kernel());
        text.append(" mask:").append_hex(watch->wanted()).append(" ignored_mask:0\n");
    }
}

}  // namespace ringfence::kernel
