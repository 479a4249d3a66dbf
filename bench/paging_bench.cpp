// SPDX-License-Identifier: MIT
// The page-table library over plain memory: what the kernel does at each fault, fork and unmap.
#include <benchmark/benchmark.h>

#include <atomic>
#include <vector>

#include "paging/formats/x86_4level.h"
#include "paging/mapper.h"

namespace ringfence::bench {

namespace {

using paging::Mapper;
using paging::PagingError;
using paging::X86FourLevel;

/// Tables in one array; physical addresses are offsets in it.
class ArrayMemory {
public:
    ArrayMemory() : words_(table_count * 512), free_(table_count - 1) {
        for (usize i = 0; i < free_.size(); ++i) {
            free_[i] = PhysicalAddress{(table_count - 1 - i) * 4 * kib};
        }
    }
    template <typename Word>
    [[nodiscard]] Word read(PhysicalAddress entry) const {
        return static_cast<Word>(words_[entry.value() / sizeof(u64)]);
    }
    template <typename Word>
    Word compare_exchange(PhysicalAddress entry, Word expected, Word desired) {
        std::atomic_ref<u64> word(words_[entry.value() / sizeof(u64)]);
        u64 seen = expected;
        word.compare_exchange_strong(seen, desired);
        return static_cast<Word>(seen);
    }
    Result<PhysicalAddress, PagingError> allocate_table() {
        if (free_.empty()) {
            return Error{PagingError::OutOfTables};
        }
        const PhysicalAddress table = free_.back();
        free_.pop_back();
        std::fill_n(words_.begin() + static_cast<std::ptrdiff_t>(table.value() / sizeof(u64)), 512,
                    0);
        return table;
    }
    void free_table(PhysicalAddress table) { free_.push_back(table); }

private:
    static constexpr usize table_count = 4096;
    std::vector<u64> words_;
    std::vector<PhysicalAddress> free_;
};

struct NoTlb {
    void invalidate(const paging::StaleRange& /*stale*/) {}
    void invalidate_everything(bool /*global*/) {}
};

constexpr VirtualAddress base{0x7f00'0000'0000};
constexpr paging::Attributes user_page{.writable = true, .user = true};

void map_and_unmap_page(benchmark::State& state) {
    ArrayMemory memory;
    NoTlb tlb;
    Mapper<X86FourLevel, ArrayMemory> mapper{memory, PhysicalAddress{0}};
    for (auto _ : state) {
        auto mapped = mapper.map({.start = base,
                                  .frame = PhysicalAddress{64 * mib},
                                  .size = 4 * kib,
                                  .attributes = user_page});
        std::move(mapped).value().consume(tlb);
        auto stale = mapper.unmap(base, 4 * kib);
        std::move(stale).value().consume(tlb);
    }
}
BENCHMARK(map_and_unmap_page)->Name("paging_map_unmap_4k");

void walk(benchmark::State& state) {
    ArrayMemory memory;
    NoTlb tlb;
    Mapper<X86FourLevel, ArrayMemory> mapper{memory, PhysicalAddress{0}};
    auto mapped = mapper.map({.start = base,
                              .frame = PhysicalAddress{64 * mib},
                              .size = 2 * mib,
                              .attributes = user_page});
    std::move(mapped).value().consume(tlb);
    u64 page = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(mapper.walker().find(base + (page++ % 512) * 4 * kib));
    }
}
BENCHMARK(walk)->Name("paging_walk_4k");

}  // namespace

}  // namespace ringfence::bench
