// SPDX-License-Identifier: MIT
#include "audit/translation_rules.h"

#include <gtest/gtest.h>

#include "tests/unit/audit/sample_manifest.h"

namespace ringfence::audit {
namespace {

Translation supervisor(VirtualAddress start) {
    return {.start = start, .frame = PhysicalAddress{0x77'7000}, .bytes = page_bytes};
}

std::optional<Rule> rule_of(const std::optional<Finding>& finding) {
    return finding ? std::optional{finding->rule} : std::nullopt;
}

TEST(TranslationRules, TheManifestsPagesAreInOrderWithTheirRights) {
    const Manifest manifest = sample_manifest();
    Translation text = supervisor(text_page);
    text.executable = true;
    text.global = true;
    EXPECT_FALSE(judge(text, manifest));
    EXPECT_FALSE(judge_global(text, manifest));
    Translation stack = supervisor(stack_page);
    stack.writable = true;
    EXPECT_FALSE(judge(stack, manifest));
    EXPECT_FALSE(judge(supervisor(stack_page), manifest)) << "less than allowed";
}

TEST(TranslationRules, MoreRightsThanTheManifestGivesAreFound) {
    const Manifest manifest = sample_manifest();
    Translation tss = supervisor(tss_page);
    tss.writable = true;
    EXPECT_EQ(rule_of(judge(tss, manifest)), Rule::ClosedManifest);
    Translation stack = supervisor(stack_page);
    stack.executable = true;
    EXPECT_EQ(rule_of(judge(stack, manifest)), Rule::ClosedManifest);
    Translation text = supervisor(text_page);
    text.user = true;
    EXPECT_EQ(rule_of(judge(text, manifest)), Rule::ClosedManifest);
}

TEST(TranslationRules, AnyOtherSupervisorPageIsFound) {
    const Manifest manifest = sample_manifest();
    EXPECT_EQ(rule_of(judge(supervisor(secret_page), manifest)), Rule::ClosedManifest);
    EXPECT_EQ(rule_of(judge(supervisor(VirtualAddress{0x40'0000}), manifest)), Rule::ClosedManifest)
        << "in the user half";
    Translation large = supervisor(text_page);
    large.bytes = 2 * mib;
    EXPECT_EQ(rule_of(judge(large, manifest)), Rule::ClosedManifest) << "holds more than the part";
    Translation users = supervisor(secret_page);
    users.user = true;
    EXPECT_EQ(rule_of(judge(users, manifest)), Rule::ClosedManifest);
}

TEST(TranslationRules, AUserPageMayNotShowPrivateFrames) {
    const Manifest manifest = sample_manifest();
    Translation own = supervisor(VirtualAddress{0x40'0000});
    own.user = true;
    EXPECT_FALSE(judge(own, manifest));
    own.frame = PhysicalAddress{0x20'3000};
    EXPECT_EQ(rule_of(judge(own, manifest)), Rule::ClosedManifest);
}

TEST(TranslationRules, OnlyTheManifestIsGlobal) {
    const Manifest manifest = sample_manifest();
    Translation secret = supervisor(secret_page);
    EXPECT_FALSE(judge_global(secret, manifest));
    secret.global = true;
    EXPECT_EQ(rule_of(judge_global(secret, manifest)), Rule::NoForeignGlobals);
}

}  // namespace
}  // namespace ringfence::audit
