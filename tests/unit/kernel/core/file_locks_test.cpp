// SPDX-License-Identifier: MIT
// A file's locks against a model that holds each byte's owners.
#include "kernel/core/fs/file_locks.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

constexpr u64 model_bytes = 16;
constexpr usize owners = 3;
constexpr std::array<LockKind, owners> kinds = {LockKind::Process, LockKind::OpenFile,
                                                LockKind::Process};

/// What each owner has of each byte.
using Model = std::array<std::array<LockType, model_bytes>, owners>;

class FileLocksTest : public KernelTest {};
const Metadata file_of_locks{};

FileLock lock_of(const Model& model, usize owner, LockType type, u64 first, u64 last) {
    return {.kind = kinds[owner],
            .type = type,
            .owner = &model[owner],
            .process = static_cast<i32>(owner),
            .first = first,
            .last = last};
}

bool model_allows(const Model& model, usize owner, LockType type, u64 first, u64 last) {
    for (usize other = 0; other < owners; ++other) {
        for (u64 byte = first; byte <= last; ++byte) {
            const LockType held = model[other][byte];
            if (other != owner && held != LockType::None && type != LockType::None &&
                (held == LockType::Exclusive || type == LockType::Exclusive)) {
                return false;
            }
        }
    }
    return true;
}

void expect_same(const FileLocks& locks, const Model& model) {
    for (usize owner = 0; owner < owners; ++owner) {
        for (u64 byte = 0; byte < model_bytes; ++byte) {
            for (const LockType type : {LockType::Shared, LockType::Exclusive}) {
                const FileLock wanted = lock_of(model, owner, type, byte, byte);
                RC_ASSERT((locks.conflicting(wanted) == nullptr) ==
                          model_allows(model, owner, type, byte, byte));
            }
        }
    }
}

RC_GTEST_FIXTURE_PROP(FileLocksTest, are_those_of_each_byte, ()) {
    FileLocks locks(file_of_locks);
    Model model;
    for (auto& bytes : model) {
        bytes.fill(LockType::None);
    }
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) {
        const auto owner = *rc::gen::inRange<usize>(0, owners);
        if (*rc::gen::inRange(0, 8) == 0) {
            locks.drop(&model[owner]);
            model[owner].fill(LockType::None);
        } else {
            const auto first = *rc::gen::inRange<u64>(0, model_bytes);
            const auto last = *rc::gen::inRange<u64>(first, model_bytes);
            const auto type =
                *rc::gen::element(LockType::Shared, LockType::Exclusive, LockType::None);
            const FileLock wanted = lock_of(model, owner, type, first, last);
            const bool allowed = model_allows(model, owner, type, first, last);
            RC_ASSERT((type == LockType::None || locks.conflicting(wanted) == nullptr) == allowed);
            if (allowed) {
                RC_ASSERT(locks.set(wanted).ok());
                std::fill(&model[owner][first], &model[owner][last] + 1, type);
            }
        }
        expect_same(locks, model);
    }
}

TEST_F(FileLocksTest, that_touch_become_one) {
    FileLocks locks(file_of_locks);
    const Model model{};
    EXPECT_TRUE(locks.set(lock_of(model, 0, LockType::Shared, 0, 3)).ok());
    EXPECT_TRUE(locks.set(lock_of(model, 0, LockType::Shared, 8, FileLock::no_end)).ok());
    EXPECT_TRUE(locks.set(lock_of(model, 0, LockType::Shared, 4, 7)).ok());
    const FileLock* const obstacle =
        locks.conflicting(lock_of(model, 1, LockType::Exclusive, 5, 5));
    ASSERT_NE(obstacle, nullptr);
    EXPECT_EQ(obstacle->first, 0u);
    EXPECT_EQ(obstacle->last, FileLock::no_end);
}

TEST_F(FileLocksTest, of_whole_files_are_another_matter) {
    FileLocks locks(file_of_locks);
    const Model model{};
    FileLock whole{
        .kind = LockKind::WholeFile, .type = LockType::Exclusive, .owner = &model, .process = 1};
    EXPECT_TRUE(locks.set(whole).ok());
    EXPECT_EQ(locks.conflicting(lock_of(model, 0, LockType::Exclusive, 0, 1)), nullptr);
    whole.owner = &locks;
    EXPECT_NE(locks.conflicting(whole), nullptr);
}

TEST_F(FileLocksTest, are_as_they_were_when_there_is_no_memory) {
    FileLocks locks(file_of_locks);
    const Model model{};
    EXPECT_TRUE(locks.set(lock_of(model, 0, LockType::Exclusive, 0, 9)).ok());
    leave_free_frames(0);
    EXPECT_EQ(locks.set(lock_of(model, 0, LockType::None, 3, 5)).error(), Errno::Enolck);
    release_held_frames();
    EXPECT_NE(locks.conflicting(lock_of(model, 1, LockType::Shared, 4, 4)), nullptr);
}

}  // namespace
}  // namespace ringfence::kernel::testing
