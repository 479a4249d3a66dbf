// SPDX-License-Identifier: MIT
#include "audit/rule.h"

#include <gtest/gtest.h>

#include <set>

namespace ringfence::audit {
namespace {

TEST(Rules, EachIsFoundByItsId) {
    for (const RuleText& rule : rules()) {
        const RuleText* const found = find_rule(rule.id);
        ASSERT_NE(found, nullptr) << rule.id;
        EXPECT_EQ(found->rule, rule.rule);
        EXPECT_EQ(text_of(rule.rule).id, rule.id);
    }
    EXPECT_EQ(find_rule("I99"), nullptr);
    EXPECT_EQ(find_rule(""), nullptr);
}

TEST(Rules, NoTwoAreAlike) {
    std::set<std::string_view> ids;
    std::set<std::string_view> statements;
    for (const RuleText& rule : rules()) {
        EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
        EXPECT_TRUE(statements.insert(rule.statement).second) << rule.id;
    }
}

}  // namespace
}  // namespace ringfence::audit
