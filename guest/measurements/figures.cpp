// SPDX-License-Identifier: MIT
#include "guest/measurements/figures.h"

#include "guest/measurements/branches.h"
#include "guest/measurements/caches.h"
#include "guest/measurements/execution.h"
#include "guest/measurements/instruction_cache.h"
#include "guest/measurements/last_level_cache.h"
#include "guest/measurements/misses.h"
#include "guest/measurements/prefetchers.h"
#include "guest/measurements/queues.h"
#include "guest/measurements/stopwatch.h"
#include "guest/measurements/tlbs.h"
#include "guest/measurements/transactions.h"
#include "guest/measurements/widths.h"

namespace ringfence::measurements {

std::span<const Measurement> measurements_of_the_core() {
    static constexpr Measurement all[] = {
        {"core.fetch_bytes", fetch_bytes},
        {"core.instructions_per_cycle", instructions_per_cycle},
        {"core.micro_operations_per_cycle", micro_operations_per_cycle},
        {"core.reorder_buffer", reorder_buffer},
        {"core.scheduler", scheduler},
        {"core.load_queue", load_queue},
        {"core.store_queue", store_queue},
        {"core.mispredict_penalty", mispredict_penalty},
        {"core.indirect_mispredict_penalty", indirect_mispredict_penalty},
        {"core.store_forward_latency", store_forward_latency},
        {"core.loads_per_cycle", loads_per_cycle},
        {"core.stores_per_cycle", stores_per_cycle},
        {"core.accesses_per_cycle", accesses_per_cycle},
        {"predictor.history_bits", history_bits},
        {"predictor.target_entries", target_entries},
        {"predictor.return_stack", return_stack},
    };
    return all;
}

std::span<const Measurement> measurements_of_memory() {
    static constexpr Measurement all[] = {
        {"cache.l1d.latency", l1d_latency},
        {"cache.l1d.fill_buffers", l1d_fill_buffers},
        {"cache.l2.latency", l2_latency},
        {"cache.l2.fill_buffers", l2_fill_buffers},
        {"memory.latency", memory_latency},
        {"memory.gap", memory_gap},
        {"prefetch.stride", stride_prefetcher},
        {"prefetch.streamer", stream_prefetcher},
        {"prefetch.adjacent_line", adjacent_line_prefetcher},
        {"prefetch.next_line_instructions", next_line_instruction_prefetcher},
        {"tlb.itlb.4k.entries", itlb_entries},
        {"tlb.itlb.4k.ways", itlb_ways},
        {"tlb.itlb.4k.miss", itlb_miss_cost},
        {"tlb.dtlb.4k.entries", dtlb_entries},
        {"tlb.dtlb.4k.ways", dtlb_ways},
        {"tlb.dtlb.4k.miss", dtlb_miss_cost},
    };
    return all;
}

std::span<const Measurement> measurements_of_transactions() {
    static constexpr Measurement all[] = {
        {"privileged.xbegin", begin_transaction},
        {"privileged.xend", end_transaction},
        {"privileged.transaction_abort", abort_transaction},
    };
    return all;
}

std::span<const Measurement> other_measurements() {
    static constexpr u64 copies = 16;
    static constexpr Measurement all[] = {
        {"other.lfence",
         [](Workbench& b) {
             return cycles_per_copy(b, nothing(), snippet("other.lfence"), copies);
         }},
        {"other.mfence",
         [](Workbench& b) {
             return cycles_per_copy(b, nothing(), snippet("other.mfence"), copies);
         }},
        {"other.sfence",
         [](Workbench& b) {
             return cycles_per_copy(b, nothing(), snippet("other.sfence"), copies);
         }},
        {"other.clflush",
         [](Workbench& b) {
             return cycles_per_copy(b, nothing(), snippet("other.clflush"), copies);
         }},
        {"other.pause",
         [](Workbench& b) {
             return cycles_per_copy(b, nothing(), snippet("other.pause"), copies);
         }},
    };
    return all;
}

std::span<const Measurement> measurements_of_cache_geometry() {
    static constexpr Measurement all[] = {
        {"cache.l1i.kib", l1i_kib},
        {"cache.l1i.ways", l1i_ways},
        {"cache.l1i.latency", l1i_latency},
        {"cache.l1d.kib", l1d_kib},
        {"cache.l1d.ways", l1d_ways},
        {"cache.l2.kib", l2_kib},
        {"cache.l2.ways", l2_ways},
        {"cache.llc.latency", llc_latency},
        {"cache.llc.kib", llc_kib},
        {"cache.llc.ways", llc_ways},
        {"cache.llc.inclusive", llc_inclusive},
    };
    return all;
}

namespace {

/// A name put together from its parts.
class Name {
public:
    Name(const char* first, const char* second, const char* third) {
        for (const char* part : {first, second, third}) {
            for (; *part != '\0' && length_ + 1 < sizeof text_; ++part) {
                text_[length_++] = *part;
            }
        }
    }
    [[nodiscard]] const char* text() const { return text_; }

private:
    char text_[64] = {};
    usize length_ = 0;
};

}  // namespace

void run(std::span<const Measurement> measurements, Workbench& bench, Report& report) {
    for (const Measurement& measurement : measurements) {
        if (report.wants(measurement.name)) {
            report.result(measurement.name, measurement.measure(bench));
        }
    }
}

void run_execution(Workbench& bench, Report& report) {
    struct Kind {
        const char* name;
        Thousandths (*measure)(Workbench& bench, const ExecutionSample& sample);
    };
    constexpr Kind kinds[] = {
        {".latency", latency}, {".cycles", cycles_each}, {".micro_operations", micro_operations}};
    for (const ExecutionSample& sample : execution_samples()) {
        for (const Kind& kind : kinds) {
            const Name name("execution.", sample.name, kind.name);
            if (report.wants(name.text())) {
                report.result(name.text(), kind.measure(bench, sample));
            }
        }
    }
}

}  // namespace ringfence::measurements
