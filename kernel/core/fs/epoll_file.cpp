// SPDX-License-Identifier: MIT
#include "kernel/core/fs/epoll_file.h"

#include <algorithm>
#include <functional>

#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

/// Epoll files that may stand in one chain, each watching the next. [linux/abi]: EP_MAX_NESTS of
/// fs/eventpoll.c, and the outermost.
constexpr u32 longest_chain = 5;

/// What may be asked for together with EPOLLEXCLUSIVE. [linux/abi]: epoll_ctl(2)
constexpr u32 allowed_with_exclusive =
    poll_bits::In::mask | poll_bits::Out::mask | poll_bits::Error::mask | poll_bits::HangUp::mask |
    epoll_bits::KeepAwake::mask | epoll_bits::EdgeTriggered::mask | epoll_bits::Exclusive::mask;

bool comes_before(const EpollInterest& interest, i32 descriptor, const OpenFile& file) {
    return interest.descriptor() != descriptor
               ? interest.descriptor() < descriptor
               : std::less<const OpenFile*>()(&interest.file(), &file);
}

}  // namespace

EpollFile::~EpollFile() {
    for (EpollInterest* interest : interests_) {
        delete interest;
    }
}

usize EpollFile::place_of(i32 descriptor, const OpenFile& file) const {
    const auto at = std::lower_bound(interests_.begin(), interests_.end(), descriptor,
                                     [&](const EpollInterest* interest, i32) {
                                         return comes_before(*interest, descriptor, file);
                                     });
    return static_cast<usize>(at - interests_.begin());
}

EpollInterest* EpollFile::find(i32 descriptor, const OpenFile& file) const {
    const usize place = place_of(descriptor, file);
    if (place == interests_.size() || interests_[place]->descriptor() != descriptor ||
        &interests_[place]->file() != &file) {
        return nullptr;
    }
    return interests_[place];
}

u32 EpollFile::depth_below() const {
    u32 deepest = 0;
    for (const EpollInterest* interest : interests_) {
        if (const EpollFile* inner = file_cast<EpollFile>(interest->file())) {
            deepest = std::max(deepest, inner->depth_below() + 1);
        }
    }
    return deepest;
}

u32 EpollFile::depth_above() const {
    u32 deepest = 0;
    for (const FileWatcher& watcher : watchers()) {
        // Epoll interests are the only watchers of files.
        const EpollFile& outer = static_cast<const EpollInterest&>(watcher).owner();
        deepest = std::max(deepest, outer.depth_above() + 1);
    }
    return deepest;
}

bool EpollFile::reaches(const EpollFile& other) const {
    return this == &other ||
           std::any_of(interests_.begin(), interests_.end(), [&](const EpollInterest* interest) {
               const EpollFile* inner = file_cast<EpollFile>(interest->file());
               return inner != nullptr && inner->reaches(other);
           });
}

Fallible<void> EpollFile::check_nesting(const EpollFile& inner) const {
    if (inner.reaches(*this) || depth_above() + 2 + inner.depth_below() > longest_chain) {
        return Error{Errno::Eloop};
    }
    return {};
}

Fallible<void> EpollFile::add(i32 descriptor, OpenFile& file, const arch::EpollEvent& event) {
    const EpollFile* inner = file_cast<EpollFile>(file);
    const bool exclusive = epoll_bits::Exclusive::test(event.events);
    if (exclusive && (inner != nullptr || (event.events & ~allowed_with_exclusive) != 0)) {
        return Error{Errno::Einval};
    }
    if (inner != nullptr) {
        RF_TRY(check_nesting(*inner));
    }
    if (find(descriptor, file) != nullptr) {
        return Error{Errno::Eexist};
    }
    RF_TRY(admit_allocation());
    EpollInterest* made = new EpollInterest(*this, descriptor, file, event);
    interests_.insert(place_of(descriptor, file), made);
    if (made->found() != 0) {
        note(*made);
    }
    return {};
}

Fallible<void> EpollFile::modify(i32 descriptor, OpenFile& file, const arch::EpollEvent& event) {
    EpollInterest* interest = find(descriptor, file);
    if (epoll_bits::Exclusive::test(event.events)) {
        return Error{Errno::Einval};
    }
    if (interest == nullptr) {
        return Error{Errno::Enoent};
    }
    if (interest->exclusive()) {
        return Error{Errno::Einval};
    }
    interest->set_event(event);
    if (interest->found() != 0) {
        note(*interest);
    }
    return {};
}

Fallible<void> EpollFile::remove(i32 descriptor, OpenFile& file) {
    EpollInterest* interest = find(descriptor, file);
    if (interest == nullptr) {
        return Error{Errno::Enoent};
    }
    forget(*interest);
    return {};
}

Fallible<u64> EpollFile::take_ready(const IoDestination& to) {
    constexpr u64 event_size = sizeof(arch::EpollEvent);
    const u64 most = to.size() / event_size;
    u64 count = 0;
    Fallible<void> written;
    // Level-triggered files go to the end, so that each has its turn when few are taken at a time.
    IntrusiveList<EpollInterest, &EpollInterest::ready_hook> again;
    while (count < most && written.ok()) {
        EpollInterest* interest = ready_.pop_front();
        if (interest == nullptr) {
            break;
        }
        const u32 found = interest->found();
        if (found == 0) {
            continue;
        }
        const arch::EpollEvent event{.events = found, .data = interest->data()};
        written = to.put(count * event_size, {reinterpret_cast<const u8*>(&event), event_size});
        if (!written) {
            ready_.push_front(*interest);
        } else {
            ++count;
            if (interest->reported()) {
                again.push_back(*interest);
            }
        }
    }
    while (EpollInterest* interest = again.pop_front()) {
        ready_.push_back(*interest);
    }
    return count == 0 && !written ? Fallible<u64>(Error{written.error()}) : count;
}

u32 EpollFile::ready() const {
    for (const EpollInterest& interest : ready_) {
        if (interest.found() != 0) {
            return poll_bits::In::mask | poll_bits::ReadNormal::mask;
        }
    }
    return 0;
}

void EpollFile::note(EpollInterest& interest) {
    if (!interest.ready_hook.linked()) {
        ready_.push_back(interest);
        became_ready_.wake_all();
    }
}

void EpollFile::forget(EpollInterest& interest) {
    interests_.erase(place_of(interest.descriptor(), interest.file()));
    delete &interest;
}

Fallible<Ref<OpenFile>> make_epoll_file() {
    RF_TRY(admit_allocation());
    return Ref<OpenFile>(new EpollFile());
}

void EpollFile::describe(String& text) const {
    constexpr usize short_width = 8;
    constexpr usize long_width = 16;
    for (const EpollInterest* interest : interests_) {
        const OpenFile& file = interest->file();
        const Metadata& inode = file.inode().metadata();
        text.append("tfd: ").append_decimal(static_cast<u64>(interest->descriptor()), short_width);
        text.append(" events: ").append_hex(interest->wanted(), short_width, ' ');
        text.append(" data: ").append_hex(interest->data(), long_width, ' ');
        text.append("  pos:").append_decimal(file.position);
        text.append(" ino:").append_hex(inode.number);
        text.append(" sdev:").append_hex(inode.file_system.inside_kernel()).append('\n');
    }
}

}  // namespace ringfence::kernel
