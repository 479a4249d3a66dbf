// SPDX-License-Identifier: MIT
#include "kernel/core/ipc/ipc_registry.h"
#include "tests/unit/kernel/core/credentials_of.h"

#include <gtest/gtest.h>

#include <deque>

namespace ringfence::kernel {
namespace {

struct Object final : IpcObject {
    explicit Object(i32 key, u32 flags = 0600, const Credentials& creator = {})
        : IpcObject(key, flags, creator) {}
};

constexpr u32 circle = 64;

i32 number_of(const Object& object) {
    return static_cast<i32>(object.id());
}

TEST(IpcRegistryTest, numbers_and_keys_find_what_was_added) {
    IpcRegistryOf<Object> registry(10);
    Object named(7);
    Object unnamed(ipc_private);
    ASSERT_TRUE(registry.add(named).ok());
    ASSERT_TRUE(registry.add(unnamed).ok());
    EXPECT_EQ(registry.count(), 2U);
    EXPECT_EQ(registry.find(number_of(unnamed)).value(), &unnamed);
    EXPECT_EQ(registry.find_key(7), &named);
    EXPECT_EQ(registry.find_key(8), nullptr);
    EXPECT_EQ(registry.find_key(ipc_private), nullptr);
    EXPECT_EQ(registry.highest_index(), 1U);
    EXPECT_EQ(registry.find_place(1).value(), &unnamed);
    EXPECT_FALSE(registry.find_place(2).ok());
    EXPECT_FALSE(registry.find_place(-1).ok());
    registry.remove(named);
    registry.remove(unnamed);
}

TEST(IpcRegistryTest, a_number_does_not_come_back_with_its_place) {
    IpcRegistryOf<Object> registry(1000);
    Object first(1);
    ASSERT_TRUE(registry.add(first).ok());
    const i32 stale = number_of(first);
    registry.remove(first);
    EXPECT_FALSE(registry.find(stale).ok());
    for (u32 i = 0; i < 3 * circle; ++i) {
        Object next(1);
        ASSERT_TRUE(registry.add(next).ok());
        EXPECT_NE(number_of(next), stale);
        EXPECT_FALSE(registry.find(stale).ok());
        registry.remove(next);
    }
    EXPECT_FALSE(registry.find(-1).ok());
}

TEST(IpcRegistryTest, there_are_as_many_as_may_be_and_no_more) {
    constexpr usize most = 200;
    IpcRegistryOf<Object> registry(most);
    std::deque<Object> objects;
    for (usize i = 0; i < most; ++i) {
        ASSERT_TRUE(registry.add(objects.emplace_back(static_cast<i32>(i + 1))).ok());
    }
    Object more(1000);
    EXPECT_EQ(registry.add(more).error(), Errno::Enospc);
    registry.remove(more);  // it is not there
    EXPECT_EQ(registry.count(), most);
    registry.remove(objects[100]);
    EXPECT_TRUE(registry.add(more).ok());
    EXPECT_EQ(registry.find_key(1000), &more);
}

TEST(IpcObjectTest, permissions_are_the_owners_the_groups_or_the_others) {
    const Object object(1, 0642, credentials_of(10, 20));
    EXPECT_TRUE(
        object.check_access(credentials_of(10, 1), ipc_access::read | ipc_access::write).ok());
    EXPECT_FALSE(object.check_access(credentials_of(10, 1), ipc_access::execute).ok());
    EXPECT_TRUE(object.check_access(credentials_of(11, 20), ipc_access::read).ok());
    EXPECT_FALSE(object.check_access(credentials_of(11, 20), ipc_access::write).ok());
    EXPECT_TRUE(object.check_access(credentials_of(11, 21), ipc_access::write).ok());
    EXPECT_FALSE(object.check_access(credentials_of(11, 21), ipc_access::read).ok());
    EXPECT_TRUE(object.check_access(credentials_of(0, 0), ipc_access::execute).ok());
    EXPECT_TRUE(object.check_control(credentials_of(10, 1)).ok());
    EXPECT_FALSE(object.check_control(credentials_of(11, 20)).ok());
}

TEST(IpcObjectTest, the_maker_keeps_his_rights_when_the_owner_changes) {
    Object object(1, 0600, credentials_of(10, 20));
    IpcPermissionImage wanted = object.image();
    wanted.user = 30;
    wanted.mode = 07604;
    ASSERT_TRUE(object.change_owner(wanted).ok());
    EXPECT_EQ(object.mode(), 0604U);
    EXPECT_EQ(object.image().creator_user, 10U);
    EXPECT_TRUE(object.check_access(credentials_of(10, 1), ipc_access::write).ok());
    EXPECT_TRUE(object.check_access(credentials_of(30, 1), ipc_access::write).ok());
    EXPECT_FALSE(object.check_access(credentials_of(31, 1), ipc_access::write).ok());
    wanted.user = ~0U;
    EXPECT_EQ(object.change_owner(wanted).error(), Errno::Einval);
}

}  // namespace
}  // namespace ringfence::kernel
