// SPDX-License-Identifier: MIT
// What timing needs to know of an instruction, whatever the instruction set: what it reads and
// writes, which units it needs, how it orders what is around it. Made once when it is decoded.
#pragma once

#include <array>
#include <span>

#include "base/types.h"

namespace ringfence::sim::timing {

/// Registers as the scheduler sees them.
namespace reg {
inline constexpr u8 general = 0;  ///< 16 of them
inline constexpr u8 flags = 16;
inline constexpr u8 vector = 17;   ///< 16 of them
inline constexpr u8 x87 = 33;      ///< the whole stack: x87 code is a chain
inline constexpr u8 control = 34;  ///< MXCSR, segment bases and what else is renamed as one
inline constexpr u8 count = 35;
/// Two that no instruction names: one is ready from the start, the other is never read.
inline constexpr u8 always_ready = 35;
inline constexpr u8 unread = 36;
inline constexpr u8 slots = 37;
}  // namespace reg

/// Kinds of execution; the CPU preset says for each which ports take it, how long it takes and how
/// many micro-operations it is.
enum class ExecutionClass : u8 {
    Nop,      ///< needs no unit: also plain loads and stores, whose parts are their accesses
    Integer,  ///< add, logic, move, compare
    Lea,
    Shift,
    Multiply,
    Divide32,  ///< divisor of at most 32 bits
    Divide64,
    BitScan,  ///< BSF, BSR, LZCNT, TZCNT, POPCNT, CRC32, PDEP, PEXT
    Branch,
    VectorInteger,  ///< add, logic, compare, move
    VectorShuffle,
    VectorMultiply,  ///< integer
    FloatAdd,
    FloatMultiply,
    FloatDivide32,
    FloatDivide64,
    FloatSquareRoot,
    Convert,   ///< between integer and floating point
    Transfer,  ///< between general and vector registers
    Aes,       ///< AES and carry-less multiplication
    X87,
    X87Slow,    ///< transcendental, FSAVE and kin
    Microcode,  ///< everything that a sequencer does
};
inline constexpr unsigned execution_class_count = 23;

enum class BranchKind : u8 { None, Conditional, Jump, IndirectJump, Call, IndirectCall, Return };

/// What an instruction waits for and holds up. [intel/vol3]: 8.2.5, 8.3; [intel/vol2]: LFENCE
enum class Ordering : u8 {
    None,
    Loads,   ///< LFENCE: begins when all older have completed; nothing younger begins before
    Stores,  ///< SFENCE: younger stores wait for older ones
    Memory,  ///< MFENCE, locked operations: waits until older stores are in L1D, younger loads wait
    After,   ///< RDTSCP: begins when all older have completed; holds nothing up
    Serializing,  ///< begins when all older have retired; what follows is fetched anew after it
};

/// What the CPU preset has a cost of its own for.
enum class Event : u8 {
    None,
    Syscall,
    Sysret,
    Swapgs,
    RootWrite,
    Iret,
    PageFault,  ///< delivery
    Exception,  ///< delivery of any other
    Interrupt,  ///< delivery, from outside or by INT n
    Invlpg,
    InvpcidPage,
    InvpcidAll,  ///< the types that drop more than one page
    ReadMsr,
    WriteMsr,
    ControlRegister,  ///< MOV to CR0 or CR4
    Cpuid,
    BufferClear,  ///< VERW where it clears buffers
    PortIo,
    ReadTime,  ///< RDTSC, RDTSCP
    OtherSystem,
    TransactionBegin,
    TransactionEnd,    ///< a commit
    TransactionAbort,  ///< registers and memory are put back, and fetch goes elsewhere
};
inline constexpr unsigned event_count = 23;

/// At most `capacity` registers. The rest of the places hold `filler`, so that the first two can be
/// used without asking how many there are: most lists are no longer.
template <unsigned capacity, u8 filler>
struct RegisterList {
    static constexpr unsigned unconditional = 2;
    static_assert(capacity >= unconditional);

    constexpr RegisterList() { names.fill(filler); }

    std::array<u8, capacity> names;
    u8 size = 0;

    /// A register that does not fit is left out: callers order by importance.
    constexpr void add(u8 name) {
        for (unsigned i = 0; i < size; ++i) {
            if (names[i] == name) {
                return;
            }
        }
        if (size < capacity) {
            names[size++] = name;
        }
    }
    [[nodiscard]] std::span<const u8> span() const { return {names.data(), size}; }
};

struct InstructionProfile {
    RegisterList<6, reg::always_ready> sources;          ///< of the operation
    RegisterList<4, reg::always_ready> address_sources;  ///< of its memory operands' addresses
    RegisterList<5, reg::unread> destinations;
    ExecutionClass execution = ExecutionClass::Integer;
    BranchKind branch = BranchKind::None;
    Ordering ordering = Ordering::None;
    Event event = Event::None;
    u8 length = 0;  ///< bytes
    /// Slots in dispatch, ROB and retirement, loads and stores included, if the operation itself is
    /// one; the preset may say for its class that it is more.
    u8 micro_operations = 1;
    /// The result does not depend on the sources (XOR r,r; SUB r,r): no source is listed.
    bool eliminated = false;  ///< moves between registers and zeroing: no unit, no latency
    /// Never begins on a path that may be squashed.
    bool stops_transience = false;
    u64 branch_target = 0;  ///< of direct branches
};

}  // namespace ringfence::sim::timing
