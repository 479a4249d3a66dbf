// SPDX-License-Identifier: MIT
#include "guest/measurements/supervisor/transient.h"

#include "arch/x86/exception_vector.h"
#include "arch/x86/pte_4level.h"
#include "guest/bare_metal/instructions.h"
#include "guest/measurements/cache_lines.h"
#include "guest/measurements/misses.h"
#include "guest/measurements/search.h"
#include "guest/measurements/supervisor/processor.h"

extern "C" {
void run_until_fault(const void* code, void* lines, const void* forbidden);
void run_in_user_until_fault(const void* code, void* lines, const void* forbidden);
extern const ringfence::u8 after_fault[];
}

namespace ringfence::measurements {

namespace {

using Pte = arch::x86::Pte4Level;

constexpr Thousandths yes = thousand;
constexpr Thousandths no = 0;
constexpr u64 values = 16;  ///< that a byte may have which is looked for

/// Memory that faults in one way or another, and lines that show what was run in vain.
class Faults {
public:
    Faults(AddressSpace& space, Workbench& bench)
        : space_(space), bench_(bench), probe_(bench), far_(memory_latency(bench) / thousand) {
        base_ = space.take_part();
        // Frames of the workbench: lines that show what has run, a secret, and code for user mode.
        const u64 frames = reinterpret_cast<u64>(bench.data.data());
        for (u64 i = 0; i < values; ++i) {
            space.tables.map(lines() + i * page_bytes, frames + i * page_bytes, PageSize::Small,
                             Pte::user.mask);
        }
        space.tables.map(read_only(), frames + values * page_bytes, PageSize::Small);
        space.tables.entry(read_only()) &= ~Pte::writable.mask;
        space.tables.map(other_read_only(), frames + values * page_bytes, PageSize::Small);
        space.tables.entry(other_read_only()) &= ~Pte::writable.mask;
        space.tables.map(secret(), frames + (values + 1) * page_bytes, PageSize::Small);
        space.tables.map(user_code(), frames + (values + 2) * page_bytes, PageSize::Small,
                         Pte::user.mask);
        set_gate(static_cast<unsigned>(arch::x86::ExceptionVector::PageFault), after_fault);
    }

    [[nodiscard]] u64 lines() const { return base_; }
    [[nodiscard]] u64 read_only() const { return base_ + (values + 1) * page_bytes; }
    [[nodiscard]] u64 other_read_only() const { return base_ + (values + 3) * page_bytes; }
    [[nodiscard]] u64 secret() const { return base_ + (values + 5) * page_bytes; }
    [[nodiscard]] u64 user_code() const { return base_ + (values + 7) * page_bytes; }

    /// Takes the lines out of the caches; their translations are known.
    void forget_lines() {
        for (u64 i = 0; i < values; ++i) {
            u8* const line = line_of(i);
            load_line(line);
            flush_line(line);
        }
        wait_for_memory();
    }
    [[nodiscard]] u8* line_of(u64 value) const {
        return reinterpret_cast<u8*>(lines() + value * page_bytes);
    }
    [[nodiscard]] bool was_touched(u64 value) const {
        return probe_.beyond_hit(line_of(value)) < far_ / 2;
    }
    [[nodiscard]] const LineProbe& probe() const { return probe_; }
    [[nodiscard]] AddressSpace& space() { return space_; }
    [[nodiscard]] Workbench& bench() { return bench_; }

private:
    AddressSpace& space_;
    Workbench& bench_;
    LineProbe probe_;
    u64 far_;
    u64 base_ = 0;
};

/// How long a chain that begins with a store that faults still runs: the store has been done one
/// cycle after it began, and is the oldest then.
Thousandths exception_start(Faults& faults) {
    constexpr u64 most_cycles = 1000;
    const auto runs = [&](u64 steps) {
        Code& code = faults.bench().code;
        bool touched = false;
        code.clear();
        code.add(snippet("transient.ready"));
        code.add(snippet("transient.fault"));
        code.add(snippet("transient.step"), steps);
        code.add(snippet("transient.touch"));
        constexpr unsigned runs = 2;  // the first brings the code
        for (unsigned i = 0; i < runs; ++i) {
            faults.forget_lines();
            load_line(reinterpret_cast<void*>(faults.read_only()));
            run_until_fault(code.begin(), faults.line_of(0),
                            reinterpret_cast<void*>(faults.read_only()));
            touched = faults.was_touched(0);
        }
        return touched;
    };
    return runs(1) ? largest(1, most_cycles, 1, runs) * thousand : no;
}

/// Whether a forbidden store that is run in vain leaves its translation in the TLB.
Thousandths faulting_access_fills(Faults& faults) {
    Code& code = faults.bench().code;
    code.clear();
    code.add(snippet("transient.ready"));
    code.add(snippet("transient.fault"));
    code.add(snippet("transient.write"));
    auto* const page = reinterpret_cast<u8*>(faults.other_read_only());
    bool known = false;
    constexpr unsigned runs = 2;
    for (unsigned i = 0; i < runs; ++i) {
        load_line(page);
        load_line(reinterpret_cast<void*>(faults.read_only()));
        bare_metal::invlpg(faults.other_read_only());
        run_until_fault(code.begin(), page, reinterpret_cast<void*>(faults.read_only()));
        known = faults.probe().beyond_hit(page) < 2;
    }
    return known ? yes : no;
}

/// Reads the byte at `forbidden` in vain, which is in the first cache: 0 if those who wait for it
/// get it, 1 if they get 0, 2 if they get nothing.
template <typename Run>
Thousandths what_is_forwarded(Faults& faults, u8* readable, u64 value, Run run) {
    constexpr Thousandths data = 0;
    constexpr Thousandths zero = 1 * thousand;
    constexpr Thousandths nothing_at_all = 2 * thousand;
    Thousandths answer = nothing_at_all;
    constexpr unsigned runs = 2;
    *readable = static_cast<u8>(value);
    for (unsigned i = 0; i < runs; ++i) {
        faults.forget_lines();
        load_line(readable);
        wait_for_lines();
        run();
        answer = faults.was_touched(value) ? data : faults.was_touched(0) ? zero : nothing_at_all;
    }
    return answer;
}

/// User mode reads a page of the supervisor's.
Thousandths fault_forward(Faults& faults) {
    constexpr u64 value = 5;
    auto* const secret = reinterpret_cast<u8*>(faults.secret());
    Code code(std::span{reinterpret_cast<u8*>(faults.user_code()), page_bytes});
    code.add(snippet("transient.ready"));
    code.add(snippet("transient.encode"));
    return what_is_forwarded(faults, secret, value, [&] {
        run_in_user_until_fault(code.begin(), faults.line_of(0), secret);
    });
}

/// The supervisor reads a page that is not present, whose entry still names the frame.
Thousandths terminal_fault(Faults& faults) {
    constexpr u64 value = 7;
    u64& entry = faults.space().tables.entry(faults.secret());
    const u64 frame = entry & Pte::frame.mask;
    entry &= ~Pte::present.mask;
    bare_metal::invlpg(faults.secret());
    Code& code = faults.bench().code;
    code.clear();
    code.add(snippet("transient.ready"));
    code.add(snippet("transient.encode"));
    const Thousandths forwarded =
        what_is_forwarded(faults, reinterpret_cast<u8*>(frame), value, [&] {
            run_until_fault(code.begin(), faults.line_of(0),
                            reinterpret_cast<void*>(faults.secret()));
        });
    entry |= Pte::present.mask;
    return forwarded == 0 ? yes : no;
}

}  // namespace

void run_transient(AddressSpace& space, Workbench& bench, Report& report) {
    Faults faults(space, bench);
    report.result("core.exception_start", exception_start(faults));
    report.result("translation.faulting_access_fills", faulting_access_fills(faults));
    report.result("vulnerability.fault_forward", fault_forward(faults));
    report.result("vulnerability.terminal_fault", terminal_fault(faults));
}

}  // namespace ringfence::measurements
