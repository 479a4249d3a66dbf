// SPDX-License-Identifier: MIT
#include "sim/mmu/timed_memory.h"

#include <algorithm>
#include <cstring>

#include "sim/state/visitor.h"

namespace ringfence::sim::mmu {

using observe::TimingEvent;
using timing::AccessIntent;
using timing::AccessTime;
using timing::CacheTime;
using timing::Cycle;
using timing::DataAccess;
using timing::Forward;

namespace {

constexpr u32 line_bytes = timing::cache_line_bytes;

bool is_prefetch(AccessIntent intent) {
    return intent == AccessIntent::PrefetchT0 || intent == AccessIntent::PrefetchFar ||
           intent == AccessIntent::PrefetchOnce;
}

/// Which right an access needs. Flushes and write-backs are loads to the MMU.
/// [intel/vol2]: CLFLUSH
AccessKind kind_of(AccessIntent intent) {
    return intent == AccessIntent::Store || intent == AccessIntent::LoadStore ? AccessKind::Write
                                                                              : AccessKind::Read;
}

timing::PrefetchTarget target_of(AccessIntent intent) {
    switch (intent) {
        case AccessIntent::PrefetchFar:
            return timing::PrefetchTarget::L2;
        case AccessIntent::PrefetchOnce:
            return timing::PrefetchTarget::L1dNotL2;
        default:
            return timing::PrefetchTarget::L1d;
    }
}

/// The later of two parts of one access.
AccessTime later(const AccessTime& a, const AccessTime& b) {
    AccessTime out = a.ready >= b.ready ? a : b;
    out.blocked = a.blocked || b.blocked;
    return out;
}

}  // namespace

TimedMemory::TimedMemory(Mmu& mmu, memory::PhysicalMemory& memory,
                         const timing::Parameters& parameters)
    : mmu_(mmu),
      memory_(memory),
      transience_(parameters.transience),
      hierarchy_(parameters.hierarchy),
      translator_(memory, mmu.features(), hierarchy_, parameters.translation),
      l1d_latency_(parameters.hierarchy.l1d.latency) {
    mmu_.set_timed_translator(&translator_);
}

TimedMemory::~TimedMemory() {
    mmu_.set_timed_translator(nullptr);
}

TimedTranslation TimedMemory::translate_code(VirtualAddress address, Cycle at, bool& can_run) {
    const TimedTranslation translation =
        translator_.translate(mmu_.state(), address, AccessKind::Execute, mmu_.privilege(), at);
    can_run = translation.outcome == TimedTranslation::Outcome::Ok &&
              memory_.is_ram(translation.physical);
    if (can_run && translation.found_in == TimedTranslation::FoundIn::FirstLevel) {
        translator_.remember(mmu_.state(), address, AccessKind::Execute, mmu_.context_stamp());
    }
    return translation;
}

AccessTime TimedMemory::fetch(VirtualAddress address, unsigned /*bytes*/, Cycle at) {
    if (const auto physical =
            translator_.recall(AccessKind::Execute, address, mmu_.context_stamp(), at)) {
        return loaded(hierarchy_.fetch(*physical, at));
    }
    bool can_run = false;
    const TimedTranslation translation = translate_code(address, at, can_run);
    if (!can_run) {
        return {.ready = translation.ready + hierarchy_.parameters().l1i.latency,
                .translation = translation.cost};
    }
    const CacheTime cache = hierarchy_.fetch(translation.physical, translation.ready);
    return {.ready = cache.ready, .translation = translation.cost, .cache = cache.beyond_l1};
}

std::optional<PhysicalAddress> TimedMemory::locate_code(VirtualAddress address, Cycle at) {
    if (const auto physical =
            translator_.recall(AccessKind::Execute, address, mmu_.context_stamp(), at)) {
        return physical;
    }
    bool can_run = false;
    const TimedTranslation translation = translate_code(address, at, can_run);
    return can_run ? std::optional{translation.physical} : std::nullopt;
}

AccessTime TimedMemory::access_slow(const DataAccess& access, Cycle at) {
    const auto room = static_cast<u32>(line_bytes - access.address.offset_in(line_bytes));
    if (access.bytes <= room) {
        return access_piece(access, access.address, access.bytes, at);
    }
    const AccessTime first = access_piece(access, access.address, room, at);
    const AccessTime second = access_piece(access, access.address + room, access.bytes - room, at);
    return later(first, second);
}

AccessTime TimedMemory::access_piece(const DataAccess& access, VirtualAddress address, u32 bytes,
                                     Cycle at) {
    const TimedTranslation translation = translator_.translate(
        mmu_.state(), address, kind_of(access.intent), privilege_of(access), at);
    Piece piece{.address = address, .physical = translation.physical, .bytes = bytes};
    AccessTime time{.ready = translation.ready + l1d_latency_, .translation = translation.cost};
    const bool translated = translation.outcome == TimedTranslation::Outcome::Ok;
    if (is_prefetch(access.intent)) {
        // Rights are not asked for, and nothing waits. [intel/vol2]: PREFETCHh
        const bool present =
            translated || translation.outcome == TimedTranslation::Outcome::NotAllowed;
        if (present && memory_.is_ram(translation.physical)) {
            hierarchy_.prefetch(translation.physical, target_of(access.intent), translation.ready);
        }
        return time;
    }
    if (translated && memory_.is_ram(translation.physical)) {
        piece.answer = Answer::Memory;
        time = touch(access, translation);
        if (translation.found_in == TimedTranslation::FoundIn::FirstLevel && !access.system) {
            translator_.remember(mmu_.state(), address, kind_of(access.intent),
                                 mmu_.context_stamp());
        }
    } else if (translated) {
        // Device registers are not cached; transient loads do not reach them.
        time.ready = translation.ready + hierarchy_.parameters().memory_latency;
        time.cache = hierarchy_.parameters().memory_latency - l1d_latency_;
    } else if (access.intent == AccessIntent::Load) {
        const bool supervisor_page =
            privilege_of(access) == Privilege::User && !translation.rights.user;
        time = load_forbidden(translation, supervisor_page, piece);
        if (RF_UNLIKELY(recorder_ != nullptr)) {
            report_forbidden(translation, supervisor_page, piece, at);
        }
    } else {
        time.blocked = true;
    }
    remember(piece);
    return time;
}

/// An access that translation allows, to memory.
AccessTime TimedMemory::touch(const DataAccess& access, const TimedTranslation& translation) {
    const Cycle at = translation.ready;
    AccessTime time{.ready = at + l1d_latency_, .translation = translation.cost};
    switch (access.intent) {
        case AccessIntent::Load:
        case AccessIntent::LoadStore: {
            const CacheTime cache = hierarchy_.load(translation.physical, at, rip_);
            time.ready = cache.ready;
            time.cache = cache.beyond_l1;
            break;
        }
        case AccessIntent::Flush:
            hierarchy_.flush_line(translation.physical, at);
            break;
        case AccessIntent::WriteBack:
            hierarchy_.write_back(translation.physical, at);
            break;
        default:
            break;
    }
    return time;
}

/// A load that will fault. What dependents get until then is the CPU's: see TransienceParameters.
AccessTime TimedMemory::load_forbidden(const TimedTranslation& translation, bool supervisor_page,
                                       Piece& piece) {
    using Outcome = TimedTranslation::Outcome;
    const Cycle at = translation.ready;
    AccessTime time{.ready = at + l1d_latency_, .translation = translation.cost};
    if (translation.outcome == Outcome::NotAllowed && supervisor_page &&
        memory_.is_ram(translation.physical)) {
        if (transience_.supervisor_page == Forward::Block) {
            time.blocked = true;
            return time;
        }
        piece.answer = Answer::Zero;
        if (transience_.supervisor_page == Forward::Data) {
            piece.answer =
                hierarchy_.in_l1d(translation.physical, at) ? Answer::Memory : Answer::Zero;
            hierarchy_.load(translation.physical, at, rip_);
        }
        return time;
    }
    const bool terminal =
        translation.outcome == Outcome::NotPresent || translation.outcome == Outcome::Reserved;
    if (terminal && transience_.terminal_fault && translation.has_physical &&
        memory_.is_ram(translation.physical) && hierarchy_.in_l1d(translation.physical, at)) {
        piece.answer = Answer::Memory;
        return time;
    }
    time.blocked = true;
    return time;
}

Cycle TimedMemory::commit_store_slow(const DataAccess& access, Cycle at) {
    const Piece* const first = piece_at(access.address);
    if (first == nullptr || first->answer != Answer::Memory) {
        return at;
    }
    Cycle done = hierarchy_.store(first->physical, at).ready;
    if (first->bytes < access.bytes) {
        const Piece* const second = piece_at(access.address + first->bytes);
        if (second != nullptr && second->answer == Answer::Memory) {
            done = std::max(done, hierarchy_.store(second->physical, at).ready);
        }
    }
    return done;
}

void TimedMemory::remember(const Piece& piece) {
    if (piece_count_ < max_pieces) {
        pieces_[piece_count_++] = piece;
    }
}

const TimedMemory::Piece* TimedMemory::piece_at(VirtualAddress address) const {
    for (unsigned i = 0; i < piece_count_; ++i) {
        const Piece& piece = pieces_[i];
        if (address.value() - piece.address.value() < piece.bytes) {
            return &piece;
        }
    }
    return nullptr;
}

bool TimedMemory::read(VirtualAddress address, void* out, unsigned bytes) {
    auto* const to = static_cast<u8*>(out);
    for (unsigned done = 0; done < bytes;) {
        const VirtualAddress here = address + done;
        const Piece* const piece = piece_at(here);
        if (piece == nullptr || piece->answer == Answer::Nothing) {
            return false;
        }
        const u64 inside = here.value() - piece->address.value();
        const auto length =
            static_cast<unsigned>(std::min<u64>(bytes - done, piece->bytes - inside));
        if (piece->answer == Answer::Memory) {
            memory_.load(piece->physical + inside, to + done, length);
        } else {
            std::memset(to + done, 0, length);
        }
        done += length;
    }
    // The path's own stores, oldest first.
    for (unsigned i = 0; i < store_count_; ++i) {
        const PendingStore& store = stores_[i];
        for (unsigned b = 0; b < bytes; ++b) {
            const u64 inside = (address + b).value() - store.address.value();
            if (inside < store.bytes) {
                to[b] = store.data[inside];
            }
        }
    }
    return true;
}

void TimedMemory::write(VirtualAddress address, const void* from, unsigned bytes) {
    if (store_count_ == max_stores || bytes > line_bytes) {
        return;
    }
    PendingStore& store = stores_[store_count_++];
    store.address = address;
    store.bytes = bytes;
    std::memcpy(store.data.data(), from, bytes);
}

// For those who watch -----------------------------------------------------------------------------

void TimedMemory::report_to(observe::Recorder* recorder) {
    recorder_ = recorder;
    hierarchy_.tell(recorder != nullptr ? this : nullptr);
}

void TimedMemory::report_accesses(TimingEvent::Kind kind, Cycle cycle) {
    for (unsigned i = 0; i < piece_count_; ++i) {
        recorder_->timing({.kind = kind,
                           .user = mmu_.privilege() == Privilege::User,
                           .cycle = cycle,
                           .rip = VirtualAddress{rip_},
                           .address = pieces_[i].address,
                           .physical = pieces_[i].physical});
    }
}

void TimedMemory::report_forbidden(const TimedTranslation& translation, bool supervisor_page,
                                   const Piece& piece, Cycle at) {
    using Outcome = TimedTranslation::Outcome;
    const bool ended =
        translation.outcome == Outcome::NotPresent || translation.outcome == Outcome::Reserved;
    recorder_->timing(
        {.kind = TimingEvent::Kind::Forbidden,
         .user = mmu_.privilege() == Privilege::User,
         .forwarded = piece.answer == Answer::Memory ? TimingEvent::Forwarded::Data
                      : piece.answer == Answer::Zero ? TimingEvent::Forwarded::Zero
                                                     : TimingEvent::Forwarded::Nothing,
         .reason = translation.outcome == Outcome::NotPresent ? TimingEvent::Reason::NoPage
                   : translation.outcome == Outcome::Reserved ? TimingEvent::Reason::Malformed
                   : translation.outcome == Outcome::NotAllowed && supervisor_page
                       ? TimingEvent::Reason::Supervisor
                       : TimingEvent::Reason::Other,
         .number = ended ? translation.page_shift : u8{0},
         .cycle = at,
         .rip = VirtualAddress{rip_},
         .address = piece.address,
         .physical = piece.physical});
}

void TimedMemory::line_changed(Change change, CacheName cache, u32 set, PhysicalAddress line,
                               Cycle at) {
    recorder_->timing({.kind = change,
                       .user = mmu_.privilege() == Privilege::User,
                       .cache = cache,
                       .number = set,
                       .cycle = at,
                       .rip = VirtualAddress{rip_},
                       .physical = line});
}

void TimedMemory::visit_state(state::Visitor& visitor, Cycle latest) {
    visitor.group("hierarchy", [&] { hierarchy_.visit_state(visitor, latest); });
    visitor.group("translator", [&] { translator_.visit_state(visitor, latest); });
    visitor.field("rip", rip_);
    visit_pieces(visitor);
    // Not state: mmu_, memory_ (wiring); transience_, l1d_latency_ (configuration); stores_,
    // store_count_ (of a path, which is over); recorder_ (who watches)
}

/// Of the latest instruction: one that was postponed is not timed again.
void TimedMemory::visit_pieces(state::Visitor& visitor) {
    std::vector<Piece> pieces(pieces_.begin(), pieces_.begin() + piece_count_);
    visitor.groups("pieces", pieces, max_pieces, [&](Piece& piece) {
        visitor.field("address", piece.address);
        visitor.field("physical", piece.physical);
        visitor.field("bytes", piece.bytes, line_bytes);
        visitor.field("answer", piece.answer, Answer::Nothing);
        visitor.require(piece.answer != Answer::Memory ||
                            (memory_.is_ram(piece.physical) &&
                             piece.physical.offset_in(line_bytes) + piece.bytes <= line_bytes),
                        "memory that is none");
    });
    if (visitor.loading() && visitor.ok()) {
        piece_count_ = static_cast<unsigned>(pieces.size());
        std::ranges::copy(pieces, pieces_.begin());
    }
}

}  // namespace ringfence::sim::mmu
