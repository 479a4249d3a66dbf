// SPDX-License-Identifier: MIT
// Everything that can be seen of a running machine, as one interface. Observers see values only:
// nothing that they do can change the guest.
#pragma once

#include <span>

#include "base/address.h"
#include "sim/observe/counters.h"
#include "sim/observe/timing_event.h"

namespace ringfence::sim::observe {

struct RootWrite {
    u64 old_value;
    u64 new_value;  ///< as stored: without bit 63
    bool no_flush;
};

struct ExceptionEvent {
    u8 vector;
    bool has_error_code;
    u32 error_code;
    VirtualAddress rip;      ///< the saved one
    VirtualAddress address;  ///< CR2, for page faults
    bool from_user;
};

struct InterruptEvent {
    u8 vector;
    VirtualAddress rip;
    bool from_user;
};

struct TransactionAbort {
    VirtualAddress rip;       ///< of the instruction that did not retire, or comes next
    VirtualAddress fallback;  ///< where the processor goes on
    u32 status;               ///< in EAX there
};

struct Executed {
    VirtualAddress rip;
    std::span<const u8> bytes;
    unsigned operand_bits;  ///< 16, 32 or 64: the mode that decoded it
    bool user;
};

struct StaleTranslation {
    VirtualAddress address;
    PhysicalAddress cached;   ///< where the TLB sends the access
    PhysicalAddress current;  ///< where the tables send it; 0 if they would fault
    bool current_faults;
    bool rights_differ;
    u16 pcid;
};

/// A page-table walk's result, as a TLB keeps it from now on.
struct CachedTranslation {
    VirtualAddress start;  ///< of the whole page
    PhysicalAddress physical;
    u64 bytes;  ///< the page's size
    u64 root;   ///< CR3 while it was walked
    u16 pcid;   ///< meaningless if it is global
    bool global;
    bool user;  ///< may be used in user mode; so on
    bool writable;
    bool executable;
};

/// All translations of one PCID are forgotten, or those of all.
struct FlushedContext {
    bool all;
    bool globals;  ///< global ones, too
    u16 pcid;      ///< meaningless if all are
};

class Observer {
public:
    virtual ~Observer() = default;

    virtual void root_write(const RootWrite&) {}
    virtual void exception(const ExceptionEvent&) {}
    virtual void interrupt(const InterruptEvent&) {}
    virtual void transaction_abort(const TransactionAbort&) {}
    virtual void syscall(VirtualAddress /*rip*/) {}
    /// User mode goes on, or begins, at `target`: by SYSRET, SYSEXIT, IRET or a far RET.
    virtual void user_entered(VirtualAddress /*target*/) {}
    /// Any IRET; one to user mode is followed by `user_entered`.
    virtual void iret(VirtualAddress /*target*/, bool /*to_user*/) {}
    /// The guest wrote to the mark port (abi/ports.h).
    virtual void mark(u32 /*value*/) {}
    /// Before each instruction, and only if `wants_instructions()`.
    virtual void instruction(const Executed&) {}
    /// The decoder knew no handler; the guest gets #UD.
    virtual void unimplemented_instruction(const Executed&) {}
    /// A translation was used that the tables no longer contain (strict checking only).
    virtual void stale_translation(const StaleTranslation&) {}

    /// Of the architectural TLBs, which keep all that a processor may keep; and only if
    /// `wants_translations()`.
    virtual void translation_cached(const CachedTranslation&) {}
    virtual void context_flushed(const FlushedContext&) {}
    /// To a page that `Machine::watch_stores` was told of.
    virtual void watched_store(PhysicalAddress /*first*/, u64 /*bytes*/) {}

    /// Constant during a run.
    [[nodiscard]] virtual bool wants_translations() const { return false; }
    /// Constant during a run; true makes the machine slow.
    [[nodiscard]] virtual bool wants_instructions() const { return false; }

    /// What the timed engine did, and only if `wants_timing()`.
    virtual void timing(const TimingEvent&) {}
    /// Constant during a run. Slower, but the run is the same to the cycle.
    [[nodiscard]] virtual bool wants_timing() const { return false; }
};

}  // namespace ringfence::sim::observe
