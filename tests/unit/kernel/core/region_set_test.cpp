// SPDX-License-Identifier: MIT
// Region sets against a model that holds one entry per page.
#include "kernel/core/vm/region_set.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <optional>

namespace ringfence::kernel {
namespace {

constexpr u64 model_pages = 24;

VirtualAddress page_address(u64 page) {
    return VirtualAddress{page * page_size};
}
Region region(u64 first, u64 count, bool write = false) {
    return {.start = page_address(first),
            .end = page_address(first + count),
            .protection = {.read = true, .write = write}};
}

using Model = std::array<std::optional<bool>, model_pages>;  // writable?

void expect_same(const RegionSet& set, const Model& model) {
    for (u64 page = 0; page < model_pages; ++page) {
        const Region* found = set.find(page_address(page) + 5);
        RC_ASSERT((found != nullptr) == model[page].has_value());
        if (found != nullptr) {
            RC_ASSERT(found->protection.write == *model[page]);
        }
    }
    const Region* previous = nullptr;
    for (const Region& at : set) {
        RC_ASSERT(at.start < at.end);
        if (previous != nullptr) {
            RC_ASSERT(previous->end <= at.start);
            RC_ASSERT(!previous->continues_in(at));  // equal neighbours are one
        }
        previous = &at;
    }
}

/// The highest run of `count` free pages in the model.
std::optional<u64> model_gap(const Model& model, u64 count) {
    for (u64 first = model_pages - count + 1; first-- > 0;) {
        bool free = true;
        for (u64 page = first; page < first + count; ++page) {
            free = free && !model[page];
        }
        if (free) {
            return first;
        }
    }
    return std::nullopt;
}

void step(RegionSet& set, Model& model) {
    const u64 first = *rc::gen::inRange<u64>(0, model_pages);
    const u64 count = *rc::gen::inRange<u64>(1, model_pages - first + 1);
    const bool write = *rc::gen::arbitrary<bool>();
    const VirtualAddress start = page_address(first);
    const VirtualAddress end = page_address(first + count);
    bool free = true;
    bool full = true;
    for (u64 page = first; page < first + count; ++page) {
        free = free && !model[page];
        full = full && model[page];
    }
    RC_ASSERT(set.is_free(start, end) == free);
    RC_ASSERT(set.covers(start, end) == full);
    const auto gap = set.find_gap(count * page_size, page_address(0), page_address(model_pages));
    const auto expected = model_gap(model, count);
    RC_ASSERT(gap.has_value() == expected.has_value());
    if (gap) {
        RC_ASSERT(*gap == page_address(*expected));
    }
    switch (*rc::gen::inRange(0, 3)) {
        case 0:
            if (!free) {
                return;
            }
            set.insert(region(first, count, write));
            break;
        case 1:
            set.remove(start, end);
            break;
        default:
            set.update(start, end, [write](Region& at) { at.protection.write = write; });
            break;
    }
    for (u64 page = first; page < first + count; ++page) {
        const bool present = model[page].has_value();
        if (set.find(page_address(page)) == nullptr) {
            model[page].reset();
        } else if (!present || *model[page] != write) {
            model[page] = write;
        }
    }
}

RC_GTEST_PROP(RegionSet, behaves_as_a_list_of_pages, ()) {
    RegionSet set;
    Model model;
    const int steps = *rc::gen::inRange(1, 30);
    for (int i = 0; i < steps; ++i) {
        step(set, model);
        expect_same(set, model);
    }
}

TEST(RegionSet, cutting_a_file_mapping_keeps_its_offsets) {
    RegionSet set;
    Region file = region(0, 10);
    file.file = make_ref<Inode>(Metadata{});
    file.offset = 3 * page_size;
    set.insert(file);
    set.remove(page_address(4), page_address(6));
    ASSERT_EQ(set.count(), 2u);
    EXPECT_EQ(set.find(page_address(3))->file_page(page_address(3)), 6u);
    EXPECT_EQ(set.find(page_address(6))->file_page(page_address(6)), 9u);
    EXPECT_EQ(set.find(page_address(6))->offset, 9 * page_size);
}

TEST(RegionSet, neighbours_of_one_file_merge_only_where_its_bytes_go_on) {
    RegionSet set;
    Region file = region(0, 1);
    file.file = make_ref<Inode>(Metadata{});
    set.insert(file);
    file.start = page_address(1);
    file.end = page_address(2);
    file.offset = page_size;
    set.insert(file);
    EXPECT_EQ(set.count(), 1u);
    file.start = page_address(2);
    file.end = page_address(3);
    file.offset = 0;
    set.insert(file);
    EXPECT_EQ(set.count(), 2u);
}

}  // namespace
}  // namespace ringfence::kernel
