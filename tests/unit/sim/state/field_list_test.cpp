// SPDX-License-Identifier: MIT
#include "sim/state/field_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/state/writer.h"
#include "tests/unit/sim/state/sample.h"

namespace ringfence::sim::state {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Sample;

std::vector<std::string> differences(const Sample& first, const Sample& second,
                                     usize at_most = 100) {
    std::vector<std::string> lines;
    for_each_difference(fields_of(first), fields_of(second), [&](const Difference& found) {
        lines.push_back(found.path + ": " + found.first + " " + found.second);
        return lines.size() < at_most;
    });
    return lines;
}

TEST(FieldList, NamesEachFieldByItsPlace) {
    const std::vector<u8> bytes = fields_of(Sample{});
    std::vector<std::string> paths;
    for (const NamedField& field : list_fields(bytes)) {
        paths.push_back(field.path + " " + std::string{field.field.kind_name()});
    }
    EXPECT_THAT(paths, ElementsAre("byte u8", "half u16", "wide u64", "sign i64", "real f64",
                                   "phase u64", "address u64", "fixed u16 array", "sized u64 array",
                                   "list u32 array", "queue u8 array", "maybe count",
                                   "maybe[0] u32", "text text", "inner.number u32", "inner.on bool",
                                   "groups count", "groups[0].number u32", "groups[0].on bool",
                                   "groups[1].number u32", "groups[1].on bool"));
}

TEST(FieldList, ComparesByNameAndElement) {
    Sample changed;
    EXPECT_THAT(differences(Sample{}, changed), IsEmpty());
    changed.sign = 3;
    changed.real = 0.5;
    changed.fixed[1] = 0xbeef;
    changed.list = {6, 7, 9, 10};
    changed.maybe.reset();
    changed.text = "b";
    changed.inner.on = false;
    changed.groups[1].number = 12;
    EXPECT_THAT(
        differences(Sample{}, changed),
        ElementsAre("sign: -2 3", "real: 0.1 0.5", "fixed[1]: 2 0xbeef", "list[2]: 8 9",
                    "list[3]: - 0xa", "maybe: 1 0", "maybe[0]: 0xb -", "text: text \xc2\xb5 b",
                    "inner.on: true false", "groups[1].number: 2 0xc"));
    EXPECT_EQ(differences(Sample{}, changed, 3).size(), 3U);
}

}  // namespace
}  // namespace ringfence::sim::state
