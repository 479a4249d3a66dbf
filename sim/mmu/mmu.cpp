// SPDX-License-Identifier: MIT
// Accesses that the fast path does not serve.
#include "sim/mmu/mmu.h"

#include <algorithm>

namespace ringfence::sim::mmu {

using arch::x86::Efer;
using arch::x86::ExceptionVector;
using memory::page_size;

bool Mmu::require_canonical(VirtualAddress address, Reference via) {
    if (is_canonical(address)) {
        return true;
    }
    fault_ = {
        via == Reference::Stack ? ExceptionVector::StackFault : ExceptionVector::GeneralProtection,
        0,
        {}};
    return false;
}

/// A walk for the access; its result goes into the TLB, instead of the `outdated` one that was
/// there. On a fault the TLB forgets the address, as the processor's does. [intel/vol3]: 4.10.4.1
bool Mmu::walk_into_tlb(VirtualAddress address, AccessKind kind, Privilege privilege,
                        const Translation* outdated, Translation& out) {
    ++recorder_.counters.page_walks;
    if (RF_UNLIKELY(in_transaction()) && walker_.sets_flags(state_, address, kind)) {
        return false;
    }
    const auto walked = walker_.walk(state_, address, kind, privilege);
    if (!walked.ok()) {
        fault_ = walked.error();
        forget_faulting_page(address);
        return false;
    }
    out = walked.value();
    if (outdated != nullptr && !outdated->is_clean_form_of(out)) {
        forget_outdated(address, kind);
    }
    if (const auto evicted = tlb_of(kind).insert(address, state_.pcid(), out)) {
        forget_evicted(*evicted, kind);
    }
    if (RF_UNLIKELY(recorder_.wants_translations())) {
        report_cached(address, out);
    }
    return true;
}

void Mmu::report_cached(VirtualAddress address, const Translation& translation) {
    const u64 bytes = bit(translation.size_shift);
    recorder_.translation_cached({.start = address.align_down(bytes),
                                  .physical = translation.page.align_down(bytes),
                                  .bytes = bytes,
                                  .root = state_.cr3,
                                  .pcid = state_.pcid(),
                                  .global = translation.global,
                                  .user = translation.rights.user,
                                  .writable = translation.rights.writable,
                                  .executable = translation.rights.executable});
}

bool Mmu::translate(VirtualAddress address, AccessKind kind, Privilege privilege, Reference via,
                    PhysicalAddress& out) {
    Translation translation;
    if (state_.mode() == PagingMode::Off) {
        // Linear addresses are physical ones. [intel/vol3]: 4.1.1
        translation.page =
            PhysicalAddress{address.value() & low_mask(legacy_address_bits)}.align_down(page_size);
        translation.dirty = true;
    } else if (!require_canonical(address, via)) {
        return false;
    } else {
        const Translation* const hit = tlb_of(kind).find(address, state_.pcid());
        if (hit != nullptr && strict_) {
            check_stale(address, *hit);
        }
        // A denied access and the first write to a clean page look at the tables again.
        if (hit != nullptr && allows(hit->rights, state_, kind, privilege) &&
            (kind != AccessKind::Write || hit->dirty)) {
            translation = *hit;
            translation.page +=
                align_down(address.offset_in(bit(translation.size_shift)), page_size);
        } else if (!walk_into_tlb(address, kind, privilege, hit, translation)) {
            return false;
        }
    }
    fill_fast(address, kind, privilege, translation);
    out = translation.page + address.offset_in(page_size);
    return true;
}

/// For fetches, or for loads and stores: each from its own TLB.
void Mmu::fill_fast(VirtualAddress address, AccessKind kind, Privilege privilege,
                    const Translation& translation) {
    if (strict_ || !memory_.is_ram(translation.page)) {
        return;
    }
    const bool transactional = in_transaction() && privilege == privilege_;
    FastContext& context =
        transactional ? *transactional_ : *contexts_[static_cast<unsigned>(privilege)];
    const u64 page = address.align_down(page_size).value();
    const u64 tag = page | context.generation;
    FastEntry& entry = context.entry_for(page, ram_base_ + translation.page.value() - page);
    if (kind == AccessKind::Execute) {
        entry.execute_tag = tag;
        return;
    }
    const bool paging = state_.mode() != PagingMode::Off;
    const auto tag_if = [&](AccessKind wanted, bool condition) {
        const bool allowed = !paging || allows(translation.rights, state_, wanted, privilege);
        return allowed && condition ? tag : 0;
    };
    const auto watched = [&](AccessKind wanted) {
        return watchpoints_.lie_in_page(VirtualAddress{page}, wanted);
    };
    entry.read_tag = tag_if(AccessKind::Read, !watched(AccessKind::Read));
    entry.write_tag = tag_if(AccessKind::Write, translation.dirty && !transactional &&
                                                    !memory_.page_has_code(translation.page) &&
                                                    !watched(AccessKind::Write));
}

bool Mmu::translate_pieces(VirtualAddress address, usize bytes, AccessKind kind,
                           Privilege privilege, Reference via, Pieces& out) {
    const u64 room = page_size - address.offset_in(page_size);
    out.first_bytes = static_cast<unsigned>(std::min<u64>(bytes, room));
    if (out.first_bytes == bytes) {
        return translate(address, kind, privilege, via, out.first);
    }
    VirtualAddress next = address + room;
    if (!Efer::lma.test(state_.efer)) {
        next = VirtualAddress{next.value() & low_mask(legacy_address_bits)};  // wraps at 4 GiB
    }
    // Every byte must have a canonical address before any page is looked at.
    return require_canonical(next, via) && translate(address, kind, privilege, via, out.first) &&
           translate(next, kind, privilege, via, out.second);
}

void Mmu::set_transient_access(TransientAccess* access) {
    static FastContext
        blind;  // its entries match nothing, so that every access takes the slow path
    transient_ = access;
    active_ = access != nullptr ? &blind : current_context();
}

void Mmu::watch(const WatchedRanges& ranges) {
    watchpoints_.set(ranges);
    drop_fast_all();
}

void Mmu::watch_for_tools(std::vector<WatchedRange> ranges) {
    watchpoints_.set_for_tools(std::move(ranges));
    drop_fast_all();
}

/// Notes the watchpoints that an access meets, or refuses it until it can be told from others.
bool Mmu::may_meet_watchpoint(VirtualAddress address, usize bytes, AccessKind kind) {
    const u64 met = watchpoints_.met_by(address, bytes, kind);
    if (met != 0 && !observed_access_) {
        refused_ = true;
        return false;
    }
    watchpoints_.note(met);
    return true;
}

bool Mmu::read_slow(VirtualAddress address, void* out, unsigned bytes, Privilege privilege,
                    Reference via) {
    if (RF_UNLIKELY(transient_ != nullptr)) {
        return transient_->read(address, out, bytes);
    }
    return read_pieces(address, out, bytes, privilege, via) &&
           (!watchpoints_.any() || may_meet_watchpoint(address, bytes, AccessKind::Read));
}

bool Mmu::read_pieces(VirtualAddress address, void* out, unsigned bytes, Privilege privilege,
                      Reference via) {
    Pieces pieces;
    if (!translate_pieces(address, bytes, AccessKind::Read, privilege, via, pieces) ||
        !may_touch(pieces, bytes, AccessKind::Read)) {
        return false;
    }
    memory_.load(pieces.first, out, pieces.first_bytes);
    if (pieces.first_bytes != bytes) {
        memory_.load(pieces.second, static_cast<u8*>(out) + pieces.first_bytes,
                     bytes - pieces.first_bytes);
    }
    return true;
}

bool Mmu::write_slow(VirtualAddress address, const void* from, unsigned bytes, Privilege privilege,
                     Reference via) {
    if (RF_UNLIKELY(transient_ != nullptr)) {
        transient_->write(address, from, bytes);
        return true;
    }
    // Faults come first; then nothing may be written that is not noted.
    return (!watchpoints_.any() || (probe_slow(address, bytes, AccessKind::Write, privilege, via) &&
                                    may_meet_watchpoint(address, bytes, AccessKind::Write))) &&
           write_pieces(address, from, bytes, privilege, via);
}

bool Mmu::write_pieces(VirtualAddress address, const void* from, unsigned bytes,
                       Privilege privilege, Reference via) {
    Pieces pieces;
    if (!translate_pieces(address, bytes, AccessKind::Write, privilege, via, pieces) ||
        !may_touch(pieces, bytes, AccessKind::Write)) {
        return false;
    }
    memory_.store(pieces.first, from, pieces.first_bytes);
    if (pieces.first_bytes != bytes) {
        memory_.store(pieces.second, static_cast<const u8*>(from) + pieces.first_bytes,
                      bytes - pieces.first_bytes);
    }
    return true;
}

bool Mmu::write_slow(VirtualAddress address, u64 value, unsigned bytes, Privilege privilege,
                     Reference via) {
    return write_slow(address, static_cast<const void*>(&value), bytes, privilege, via);
}

bool Mmu::probe_slow(VirtualAddress address, usize bytes, AccessKind kind, Privilege privilege,
                     Reference via) {
    if (RF_UNLIKELY(transient_ != nullptr)) {
        return true;
    }
    Pieces pieces;
    return translate_pieces(address, bytes, kind, privilege, via, pieces) &&
           may_touch(pieces, bytes, kind);
}

bool Mmu::may_touch(const Pieces& pieces, usize bytes, AccessKind kind) {
    if (RF_UNLIKELY(in_transaction())) {
        return may_touch_in_transaction(pieces, bytes, kind);
    }
    const bool is_device = memory_.is_device(pieces.first) ||
                           (pieces.first_bytes != bytes && memory_.is_device(pieces.second));
    if (is_device && !observed_access_) {
        refused_ = true;
        return false;
    }
    return true;
}

// Implicit accesses cannot be tried again by themselves: they always reach the device. They meet no
// data breakpoints.

bool Mmu::read_system_slow(VirtualAddress address, void* out, unsigned bytes) {
    if (RF_UNLIKELY(transient_ != nullptr)) {
        return transient_->read(address, out, bytes);
    }
    const bool access = std::exchange(observed_access_, true);
    const bool done = read_pieces(address, out, bytes, Privilege::Supervisor, Reference::Data);
    observed_access_ = access;
    return done;
}

bool Mmu::write_system_slow(VirtualAddress address, const void* from, unsigned bytes,
                            Reference via) {
    if (RF_UNLIKELY(transient_ != nullptr)) {
        transient_->write(address, from, bytes);
        return true;
    }
    const bool access = std::exchange(observed_access_, true);
    const bool done = write_pieces(address, from, bytes, Privilege::Supervisor, via);
    observed_access_ = access;
    return done;
}

bool Mmu::probe_system_slow(VirtualAddress address, usize bytes, Reference via) {
    const bool access = std::exchange(observed_access_, true);
    const bool done = probe_slow(address, bytes, AccessKind::Write, Privilege::Supervisor, via);
    observed_access_ = access;
    return done;
}

Result<PhysicalAddress, Fault> Mmu::translate_execute_slow(VirtualAddress address) {
    PhysicalAddress out;
    if (!translate(address, AccessKind::Execute, privilege_, Reference::Data, out)) {
        return Error{fault_};
    }
    return out;
}

std::span<const u8> Mmu::readable_run(VirtualAddress address) {
    if (RF_UNLIKELY(transient_ != nullptr)) {
        return {};
    }
    const u64 bytes = page_size - address.offset_in(page_size);
    if (!readable(*active_, address, 1)) {
        PhysicalAddress ignored;
        if (!translate(address, AccessKind::Read, privilege_, Reference::Data, ignored) ||
            !readable(*active_, address, 1)) {
            return {};
        }
    }
    return {host_pointer(*active_, address), bytes};
}

std::span<u8> Mmu::writable_run(VirtualAddress address) {
    if (RF_UNLIKELY(transient_ != nullptr)) {
        return {};
    }
    const u64 bytes = page_size - address.offset_in(page_size);
    if (!writable(*active_, address, 1)) {
        PhysicalAddress ignored;
        if (!translate(address, AccessKind::Write, privilege_, Reference::Data, ignored) ||
            !writable(*active_, address, 1)) {
            return {};
        }
    }
    return {host_pointer(*active_, address), bytes};
}

std::optional<PhysicalAddress> Mmu::peek(VirtualAddress address) {
    if (state_.mode() == PagingMode::Off) {
        return PhysicalAddress{address.value() & low_mask(legacy_address_bits)};
    }
    if (!is_canonical(address)) {
        return std::nullopt;
    }
    const auto found = walker_.inspect(state_, address);
    if (!found.ok()) {
        return std::nullopt;
    }
    return found.value().page + address.offset_in(page_size);
}

/// Compares what the TLB says with what the tables say now. An entry that allows less than the
/// tables is no fault of the guest's: the processor looks again before it denies.
void Mmu::check_stale(VirtualAddress address, const Translation& cached) {
    const u64 inside = address.offset_in(bit(cached.size_shift));
    const auto now = walker_.inspect(state_, address);
    observe::StaleTranslation event{.address = address,
                                    .cached = cached.page + inside,
                                    .current = {},
                                    .current_faults = !now.ok(),
                                    .rights_differ = false,
                                    .pcid = state_.pcid()};
    if (now.ok()) {
        const Rights& rights = now.value().rights;
        event.current = now.value().page + address.offset_in(page_size);
        event.rights_differ = (cached.rights.writable && !rights.writable) ||
                              (cached.rights.executable && !rights.executable) ||
                              (cached.rights.user != rights.user);
        if (event.current == event.cached && !event.rights_differ) {
            return;
        }
    }
    recorder_.stale_translation(event);
}

}  // namespace ringfence::sim::mmu
