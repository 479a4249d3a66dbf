// SPDX-License-Identifier: MIT
#include "audit/translation_rules.h"

namespace ringfence::audit {

namespace {

Finding finding(Rule rule, const Translation& translation, std::string what) {
    return {.rule = rule,
            .address = translation.start,
            .bytes = translation.bytes,
            .frame = translation.frame,
            .what = std::move(what)};
}

/// The part that holds all of the translation; null if there is none.
const Part* part_of(const Translation& translation, const Manifest& manifest) {
    const Part* const part = manifest.find(translation.start);
    const bool whole = part != nullptr && part->holds(translation.start + (translation.bytes - 1));
    return whole ? part : nullptr;
}

std::optional<Finding> judge_user_page(const Translation& translation, const Manifest& manifest) {
    const PrivateFrames* const frames = manifest.find_private(translation.frame, translation.bytes);
    if (frames != nullptr) {
        return finding(Rule::ClosedManifest, translation,
                       "a page of user mode's own shows " + frames->name);
    }
    return std::nullopt;
}

}  // namespace

std::optional<Finding> judge(const Translation& translation, const Manifest& manifest) {
    const bool in_user_half = translation.start < manifest.user_end;
    if (in_user_half && translation.user) {
        return judge_user_page(translation, manifest);
    }
    const Part* const part = part_of(translation, manifest);
    if (part == nullptr) {
        return finding(Rule::ClosedManifest, translation,
                       translation.user ? "user mode may access a page of the kernel's half"
                       : in_user_half ? "a supervisor page in the user half is not in the manifest"
                                      : "a supervisor page is not in the manifest");
    }
    if (translation.user && !part->user) {
        return finding(Rule::ClosedManifest, translation,
                       "user mode may access the manifest's " + part->name);
    }
    if (translation.writable && !part->writable) {
        return finding(Rule::ClosedManifest, translation,
                       "the manifest's " + part->name + " is mapped writable");
    }
    if (translation.executable && !part->executable) {
        return finding(Rule::ClosedManifest, translation,
                       "the manifest's " + part->name + " is mapped executable");
    }
    return std::nullopt;
}

std::optional<Finding> judge_global(const Translation& translation, const Manifest& manifest) {
    if (!translation.global || part_of(translation, manifest) != nullptr) {
        return std::nullopt;
    }
    return finding(Rule::NoForeignGlobals, translation, "a page outside the manifest is global");
}

}  // namespace ringfence::audit
