// SPDX-License-Identifier: MIT
// A CPU's timing figures, complete and checked: what the CPU preset says, in the units of the
// model. sim/presets makes them.
#pragma once

#include <array>

#include "sim/timing/cycle.h"
#include "sim/timing/instruction_profile.h"

namespace ringfence::sim::timing {

/// Absent while `sets` is 0.
struct CacheParameters {
    u32 sets = 0;  ///< any number, not only powers of two
    u32 ways = 0;
    Cycle latency = 0;  ///< load to use, from the core, when the data is found here
};

struct HierarchyParameters {
    CacheParameters l1i;
    CacheParameters l1d;
    CacheParameters l2;
    CacheParameters llc;
    bool llc_inclusive =
        false;  ///< a line that leaves it leaves L1 and L2 too; false: a victim cache
    Cycle memory_latency = 0;             ///< load to use
    Cycle memory_gap = 0;                 ///< between two lines from memory
    u32 fill_buffers = 0;                 ///< L1D misses in flight
    u32 l2_fill_buffers = 0;              ///< L2 misses in flight
    bool stride_prefetcher = false;       ///< L1D, by instruction address
    bool streamer = false;                ///< L2, within 4 KiB
    bool adjacent_line = false;           ///< L2, pairs of lines
    bool next_line_instructions = false;  ///< L1I
};

/// Absent while `sets` is 0. A fully associative one has one set.
struct TlbParameters {
    u32 sets = 0;
    u32 ways = 0;
};

struct TranslationParameters {
    TlbParameters itlb_4k, itlb_2m;           ///< 1 GiB pages go into the 2 MiB one, in pieces
    TlbParameters dtlb_4k, dtlb_2m, dtlb_1g;  ///< if 2m and 1g are absent, all sizes go into 4k
    TlbParameters stlb_4k, stlb_2m, stlb_1g;
    bool stlb_shared = false;        ///< stlb_4k holds 2 MiB pages too, and stlb_2m is absent
    TlbParameters pde, pdpte, pml4;  ///< paging-structure caches
    Cycle stlb_hit_extra = 0;        ///< beyond a first-level hit
    u32 walkers = 1;                 ///< walks at once
    /// Below the guest's tables lie a hypervisor's, with pages of this size (log2); 0: none.
    u8 nested_page_shift = 0;
    /// An access that the leaf's rights forbid still fills the TLBs.
    bool faulting_access_fills = true;
};

/// A set of ports, by bit.
using Ports = u16;

struct ExecutionParameters {
    Ports ports = 0;  ///< any one of them
    Cycle latency = 0;
    Cycle occupancy = 1;  ///< cycles for which the port's unit takes no other of this class
    u8 micro_operations = 1;
};

struct CoreParameters {
    u32 fetch_bytes = 0;     ///< per cycle
    u32 decode_width = 0;    ///< instructions per cycle
    u32 dispatch_width = 0;  ///< micro-operations per cycle
    u32 retire_width = 0;
    u32 reorder_buffer = 0;
    u32 scheduler = 0;
    u32 load_queue = 0;
    u32 store_queue = 0;
    /// From the cycle at which a branch is executed to the earliest at which the right path's first
    /// instruction may be: fetch to execution is this long.
    Cycle mispredict_penalty = 0;
    Cycle store_forward_latency = 0;
    Ports load_ports = 0;
    Ports store_address_ports = 0;
    Ports store_data_ports = 0;
    u32 branch_history_bits = 0;
    u32 branch_counters = 0;  ///< two-bit counters, a power of two
    u32 branch_target_entries = 0;
    u32 branch_target_ways = 0;
    u32 return_stack = 0;
    u32 indirect_entries = 0;
    std::array<ExecutionParameters, execution_class_count> execution{};
    /// From the cycle at which a faulting instruction is the oldest to the squash of all younger.
    Cycle exception_start = 0;
};

/// What dependents of a load see while its fault is on the way.
enum class Forward : u8 {
    Data,  ///< memory's content if its line is in L1D, else zero, and the line is fetched
    Zero,
    Block,  ///< they do not begin
};

struct TransienceParameters {
    Forward supervisor_page = Forward::Block;
    /// A leaf that is not present, or has reserved bits: its frame number is looked up in L1D.
    bool terminal_fault = false;
    /// RDMSR and kin without the right forward the register's value.
    bool system_registers = false;
};

struct Parameters {
    u64 clock_hz = 0;
    CoreParameters core;
    HierarchyParameters hierarchy;
    TranslationParameters translation;
    TransienceParameters transience;
    std::array<Cycle, event_count> event_cycles{};

    [[nodiscard]] Cycle cost_of(Event event) const {
        return event_cycles[static_cast<unsigned>(event)];
    }
};

}  // namespace ringfence::sim::timing
