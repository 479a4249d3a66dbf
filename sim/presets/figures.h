// SPDX-License-Identifier: MIT
// A CPU's measured and published figures, each with the tag of its source. The functional engine
// uses the cache geometry (for CPUID); timing engines use all of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"

namespace ringfence::sim::presets {

/// A number and where it comes from: a tag that the preset's [sources] table explains.
struct Figure {
    double value = 0;
    std::string source;
};

struct CacheFigures {
    Figure kib;
    Figure ways;
    std::optional<Figure> latency;  ///< load to use, core cycles
};

/// Entries and ways; 0 ways is fully associative.
struct TlbFigures {
    u32 entries = 0;
    u32 ways = 0;
    std::string source;
};

/// What a load that violates U/S forwards to its dependents until it retires.
enum class FaultForward : u8 { Data, Zero, Block };

struct Vulnerabilities {
    bool meltdown = false;
    std::string meltdown_source;
    FaultForward fault_forward = FaultForward::Block;
    std::string fault_forward_source;
};

struct Figures {
    std::map<std::string, Figure, std::less<>> core;  ///< widths, queue sizes, penalties
    /// What a TLB hit or a walk costs, and how many walks run at once.
    std::map<std::string, Figure, std::less<>> translation;
    std::map<std::string, Figure, std::less<>> privileged;    ///< cycles: cr3_write, syscall, ...
    std::map<std::string, CacheFigures, std::less<>> caches;  ///< l1i, l1d, l2, llc
    std::map<std::string, TlbFigures, std::less<>> tlbs;      ///< itlb_4k, dtlb_4k, stlb_4k2m, ...
    std::map<std::string, TlbFigures, std::less<>> paging_structure_caches;  ///< pde, pdpte, pml4
    std::optional<Figure> dram_ns;
    Vulnerabilities vulnerabilities;
    std::map<std::string, std::string, std::less<>> sources;  ///< tag: what it stands for

    [[nodiscard]] const CacheFigures* cache(std::string_view name) const {
        const auto found = caches.find(name);
        return found == caches.end() ? nullptr : &found->second;
    }
};

}  // namespace ringfence::sim::presets
