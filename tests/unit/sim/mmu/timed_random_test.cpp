// SPDX-License-Identifier: MIT
// Long random lives of a timed translator: tables change and are flushed as software must, and
// every outcome must be what a walk that remembers nothing says. A second translator lives the same
// life with a memo of pages in front, which may change nothing.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/sim/mmu/timed_bed.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;

struct Life {
    PagingMode mode;
    unsigned seed;
    bool one_array;
};

class TimedRandomLife : public ::testing::TestWithParam<Life> {
protected:
    static constexpr unsigned page_count = 24;
    static constexpr unsigned large_count = 4;

    static timing::TranslationParameters parameters() {
        timing::TranslationParameters parameters = with_structure_caches();
        parameters.dtlb_4k = {.sets = 2, .ways = 3};
        if (GetParam().one_array) {
            parameters.dtlb_2m = parameters.dtlb_1g = parameters.itlb_2m = {};
        }
        return parameters;
    }
    unsigned below(unsigned end) {
        return std::uniform_int_distribution<unsigned>{0, end - 1}(random_);
    }
    [[nodiscard]] u64 large_bytes() const {
        return GetParam().mode == PagingMode::TwoLevel ? 0x40'0000 : 0x20'0000;
    }
    [[nodiscard]] u64 va_of(unsigned index) const {
        return index < page_count ? 0x1240'0000 + index * 0x1000
                                  : 0x1240'0000 + (index - page_count + 1) * large_bytes();
    }
    u64 random_rights() {
        u64 rights = 0;
        for (const u64 each : {present, present, present, writable, user, global}) {
            rights |= below(2) == 0 ? each : 0;
        }
        const bool wide = GetParam().mode != PagingMode::TwoLevel;
        if (wide && below(3) == 0) {
            rights |= no_execute;
        }
        if (wide && below(8) == 0) {
            rights |= 1ULL << 50;  // reserved
        }
        return rights;
    }
    void change_one() {
        const unsigned index = below(page_count + large_count);
        const bool is_large = index >= page_count;
        const u64 frame = 0x0100'0000 + below(4) * (is_large ? large_bytes() : 0x1000);
        bed_.tables.map(va_of(index), frame, random_rights(), is_large ? 2 : 1);
        const VirtualAddress inside{va_of(index) + below(0x1000)};
        switch (below(4)) {
            case 0:
                return both([](TimedTranslator& each) { each.flush_all(); });
            case 1:
                return both([](TimedTranslator& each) {
                    each.invpcid(InvpcidType::AllWithGlobals, 0, {});
                });
            default:
                both([&](TimedTranslator& each) {
                    for (u16 pcid = 0; pcid < 4; ++pcid) {
                        each.invlpg(inside, pcid);
                    }
                });
        }
    }
    template <typename Function>
    void both(Function function) {
        function(bed_.translator);
        function(with_memo_);
    }
    /// What the second translator says: by its memo, or else as the first.
    TimedTranslation translate_with_memo(const PagingState& state, VirtualAddress address,
                                         AccessKind kind, Privilege privilege) {
        const u64 context = state.cr4 * 100'000 + pcid_ * 10 + static_cast<u64>(privilege);
        if (const auto physical = with_memo_.recall(kind, address, context, bed_.now)) {
            ++recalled_;
            return {.ready = bed_.now, .physical = *physical, .has_physical = true};
        }
        const TimedTranslation answer =
            with_memo_.translate(state, address, kind, privilege, bed_.now);
        if (answer.outcome == Outcome::Ok && answer.found_in == FoundIn::FirstLevel) {
            with_memo_.remember(state, address, kind, context);
        }
        return answer;
    }
    /// What lies in which array, in order.
    static std::vector<std::pair<u64, u64>> pages_of(const TimedTranslator& translator) {
        std::vector<std::pair<u64, u64>> out;
        translator.for_each_page([&](const TimedTranslator::CachedPage& page) {
            out.emplace_back(page.start.value(), page.physical.value());
        });
        return out;
    }
    void access_one();

    std::mt19937 random_{GetParam().seed};
    TimedBed bed_{parameters(), GetParam().mode};
    Walker reference_{bed_.memory, bed_.features};
    timing::MemoryHierarchy other_hierarchy_{bed_hierarchy()};
    TimedTranslator with_memo_{bed_.memory, bed_.features, other_hierarchy_, parameters()};
    u64 recalled_ = 0;
    /// The latest: programs do the same again and again.
    struct Access {
        VirtualAddress address{0x1240'0000};
        AccessKind kind = AccessKind::Read;
        Privilege privilege = Privilege::User;
    } access_;
    u64 pcid_ = 0;
    u64 cr4_ = cr4_pge;
};

void TimedRandomLife::access_one() {
    if (below(3) == 0) {
        const unsigned index = below(page_count + large_count);
        const u64 span = index < page_count ? 0x1000 : large_bytes();
        access_ = {.address = VirtualAddress{va_of(index) + below(static_cast<unsigned>(span))},
                   .kind = static_cast<AccessKind>(below(3)),
                   .privilege = static_cast<Privilege>(below(3))};
    }
    const auto& [address, kind, privilege] = access_;
    const bool wide = GetParam().mode == PagingMode::FourLevel;
    PagingState state = bed_.tables.state(cr4_ | (wide ? cr4_pcide : 0));
    state.cr3 |= wide ? pcid_ : 0;
    bed_.now += below(300);
    const TimedTranslation answer =
        bed_.translator.translate(state, address, kind, privilege, bed_.now);
    ASSERT_EQ(answer.ready, bed_.now + answer.cost);
    const TimedTranslation other = translate_with_memo(state, address, kind, privilege);
    ASSERT_EQ(other.ready, answer.ready);
    ASSERT_EQ(other.outcome, answer.outcome);
    ASSERT_EQ(other.physical, answer.physical);

    const auto expected = reference_.inspect(state, address);
    if (!expected.ok()) {
        const bool reserved = reference_.trace(state, address).reserved;
        ASSERT_EQ(answer.outcome, reserved ? Outcome::Reserved : Outcome::NotPresent);
        return;
    }
    const bool allowed = allows(expected.value().rights, state, kind, privilege);
    ASSERT_EQ(answer.outcome, allowed ? Outcome::Ok : Outcome::NotAllowed);
    ASSERT_EQ(answer.rights, expected.value().rights);
    ASSERT_EQ(answer.page_shift, expected.value().size_shift);
    ASSERT_EQ(answer.physical, expected.value().page + address.offset_in(0x1000));
}

TEST_P(TimedRandomLife, AgreesWithWalksThatRememberNothing) {
    for (unsigned index = 0; index < page_count + large_count; ++index) {
        bed_.tables.map(va_of(index), 0x0100'0000, all_rights, index < page_count ? 1 : 2);
    }
    for (int step = 0; step < 20'000; ++step) {
        const unsigned choice = below(100);
        if (choice < 2) {
            change_one();
        } else if (choice < 5) {
            pcid_ = below(4);
            const bool no_flush = below(2) == 0;
            both([&](TimedTranslator& each) {
                each.root_written(static_cast<u16>(pcid_), no_flush);
            });
        } else if (choice < 6) {
            cr4_ ^= cr4_smap;
        } else if (choice < 7) {
            both([](TimedTranslator& each) { each.invpcid(InvpcidType::AllButGlobals, 0, {}); });
        } else {
            access_one();
        }
        if (HasFatalFailure()) {
            FAIL() << "step " << step;
        }
    }
    // It was about TLBs, not about walks alone.
    const TranslationCounts& data = bed_.translator.statistics().data;
    EXPECT_GT(data.second_level_hits, 100U);
    EXPECT_LT(data.walks, 10'000U);
    EXPECT_GT(recalled_, 500U);
    EXPECT_EQ(pages_of(with_memo_), pages_of(bed_.translator));
}

std::vector<Life> lives() {
    std::vector<Life> lives;
    for (const PagingMode mode :
         {PagingMode::TwoLevel, PagingMode::Pae, PagingMode::FourLevel, PagingMode::FiveLevel}) {
        for (unsigned seed = 0; seed < 4; ++seed) {
            lives.push_back({mode, seed, seed % 2 == 1});
        }
    }
    return lives;
}
INSTANTIATE_TEST_SUITE_P(Seeds, TimedRandomLife, ::testing::ValuesIn(lives()));

}  // namespace
}  // namespace ringfence::sim::mmu
