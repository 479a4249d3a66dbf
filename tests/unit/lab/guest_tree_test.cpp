// SPDX-License-Identifier: MIT
#include "lab/pack/guest_tree.h"

#include <gtest/gtest.h>

#include "lab/error.h"

namespace ringfence::lab::pack {
namespace {

TEST(NormalPath, ResolvesDotsAndSlashesByText) {
    EXPECT_EQ(normal_path(""), "/");
    EXPECT_EQ(normal_path("/"), "/");
    EXPECT_EQ(normal_path("a/./b//c/"), "/a/b/c");
    EXPECT_EQ(normal_path("../../a/../b"), "/b");
    EXPECT_EQ(parent_path("/a/b"), "/a");
    EXPECT_EQ(parent_path("/a"), "/");
    EXPECT_EQ(base_name("/a/b"), "b");
}

TEST(GuestTree, DirectoriesAboveAFileAppear) {
    GuestTree tree;
    tree.add_file("/a/b/c", 0644, "text");
    ASSERT_NE(tree.find("/a/b"), nullptr);
    EXPECT_EQ(tree.find("/a/b")->kind, NodeKind::Directory);
    EXPECT_EQ(tree.find("/a/b/c")->data, "text");
    EXPECT_EQ(tree.find("/a/c"), nullptr);
}

TEST(GuestTree, FollowsLinksAmongTheDirectoriesOfANewFile) {
    GuestTree tree;
    tree.add_directory("/usr/bin", 0755);
    tree.add_symlink("/bin", "usr/bin");
    tree.add_file("/bin/tool", 0755, "x");
    EXPECT_TRUE(tree.nodes().contains("/usr/bin/tool"));
    EXPECT_FALSE(tree.nodes().contains("/bin/tool"));
    EXPECT_EQ(tree.find("/bin/tool"), tree.find("/usr/bin/tool"));
    tree.add_directory("/bin", 0755);
    EXPECT_EQ(tree.nodes().at("/bin").kind, NodeKind::Symlink) << "a link to a directory stays";
}

TEST(GuestTree, FindFollowsRelativeAndAbsoluteLinks) {
    GuestTree tree;
    tree.add_file("/lib/real", 0644, "r");
    tree.add_symlink("/lib/relative", "real");
    tree.add_symlink("/etc/absolute", "/lib/relative");
    tree.add_symlink("/etc/dangling", "nowhere");
    ASSERT_NE(tree.find("/etc/absolute"), nullptr);
    EXPECT_EQ(tree.find("/etc/absolute")->data, "r");
    EXPECT_EQ(tree.find("/etc/dangling"), nullptr);
}

TEST(GuestTree, LoopsOfLinksEnd) {
    GuestTree tree;
    tree.add_symlink("/a", "/b");
    tree.add_symlink("/b", "/a");
    EXPECT_EQ(tree.find("/a"), nullptr);
    EXPECT_THROW(tree.add_file("/a/file", 0644, ""), LabError);
}

TEST(GuestTree, AFileIsNoDirectoryAndADirectoryNoFile) {
    GuestTree tree;
    tree.add_file("/a", 0644, "");
    EXPECT_THROW(tree.add_file("/a/b", 0644, ""), LabError);
    tree.add_file("/d/e", 0644, "");
    EXPECT_THROW(tree.add_file("/d", 0644, ""), LabError);
    EXPECT_THROW(tree.add_file("/", 0644, ""), LabError);
}

TEST(GuestTree, LaterEntriesReplaceEarlierOnes) {
    GuestTree tree;
    tree.add_file("/a", 0644, "old");
    tree.add_file("/a", 0755, "new");
    EXPECT_EQ(tree.find("/a")->data, "new");
    tree.add_file("/d/kept", 0644, "");
    tree.add_directory("/d", 0700);
    EXPECT_EQ(tree.find("/d")->permissions, 0700U);
    EXPECT_NE(tree.find("/d/kept"), nullptr);
}

}  // namespace
}  // namespace ringfence::lab::pack
