// SPDX-License-Identifier: MIT
#include "kernel/core/fs/path.h"

#include <string>

#include "kernel/core/fs/tmpfs.h"
#include "tests/unit/kernel/core/credentials_of.h"
#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

class PathTest : public KernelTest {
protected:
    PathTest() : root_(make_tmpfs_root(0755)) {
        usr_ = make(*root_, "usr", FileType::Directory);
        bin_ = make(*usr_, "bin", FileType::Directory);
        tool_ = make(*bin_, "tool");
        link(*root_, "bin", "usr/bin");
        link(*bin_, "back", "../..");
        link(*bin_, "absolute", "/usr/bin/tool");
        link(*bin_, "dangling", "nothing");
        link(*root_, "loop", "loop");
    }
    static Ref<Inode> make(Inode& directory, std::string_view name,
                           FileType type = FileType::Regular) {
        return directory.create(name, {.type = type, .permissions = 0755}).value();
    }
    static void link(Inode& directory, std::string_view name, std::string_view target) {
        ASSERT_TRUE(
            directory.create(name, {.type = FileType::SymbolicLink, .target = target}).ok());
    }
    Fallible<Ref<Inode>> find(std::string_view path, FinalLink link = FinalLink::Follow) {
        return find_file({root_, start_ ? start_ : root_, &who_}, path, link);
    }
    Errno failure(std::string_view path, FinalLink link = FinalLink::Follow) {
        return find(path, link).error();
    }

    Ref<Inode> root_, usr_, bin_, tool_, start_;
    Credentials who_;
};

TEST_F(PathTest, walks_relative_and_absolute_paths) {
    EXPECT_EQ(find("/usr/bin/tool").value(), tool_);
    EXPECT_EQ(find("//usr///bin//tool").value(), tool_);
    EXPECT_EQ(find("usr/./bin/../bin/tool").value(), tool_);
    start_ = bin_;
    EXPECT_EQ(find("tool").value(), tool_);
    EXPECT_EQ(find("..").value(), usr_);
    EXPECT_EQ(find("/").value(), root_);
    EXPECT_EQ(find("../../../..").value(), root_);
}

TEST_F(PathTest, follows_links) {
    EXPECT_EQ(find("/bin/tool").value(), tool_);
    EXPECT_EQ(find("/bin/back/usr").value(), usr_);
    EXPECT_EQ(find("/bin/absolute").value(), tool_);
    EXPECT_EQ(find("/bin/absolute", FinalLink::Keep).value()->type(), FileType::SymbolicLink);
    EXPECT_EQ(find("/bin/", FinalLink::Keep).value(), bin_);
}

TEST_F(PathTest, failures_are_those_of_path_resolution_7) {
    EXPECT_EQ(failure(""), Errno::Enoent);
    EXPECT_EQ(failure("/no"), Errno::Enoent);
    EXPECT_EQ(failure("/no/x"), Errno::Enoent);
    EXPECT_EQ(failure("/bin/tool/x"), Errno::Enotdir);
    EXPECT_EQ(failure("/bin/tool/"), Errno::Enotdir);
    EXPECT_EQ(failure("/bin/tool/.."), Errno::Enotdir);
    EXPECT_EQ(failure("/loop"), Errno::Eloop);
    EXPECT_EQ(failure("/loop/x"), Errno::Eloop);
    EXPECT_EQ(failure("/bin/dangling"), Errno::Enoent);
    EXPECT_EQ(failure("/" + std::string(256, 'n')), Errno::Enametoolong);
}

TEST_F(PathTest, directories_can_be_closed_to_others) {
    usr_->metadata().permissions = 0700;
    who_ = credentials_of(1000, 1000);
    EXPECT_EQ(failure("/usr/bin"), Errno::Eacces);
    EXPECT_EQ(failure("/bin/tool"), Errno::Eacces);
    usr_->metadata().permissions = 0701;
    EXPECT_TRUE(find("/usr/bin").ok());
}

TEST_F(PathTest, the_place_of_a_missing_file_is_where_it_would_be_made) {
    const WalkContext context{root_, root_, &who_};
    const auto missing = find_place(context, "/bin/new", FinalLink::Keep).value();
    EXPECT_EQ(missing.directory, bin_);
    EXPECT_EQ(missing.name.view(), "new");
    EXPECT_FALSE(missing.inode);
    const auto through_link = find_place(context, "/bin/dangling", FinalLink::Follow).value();
    EXPECT_EQ(through_link.name.view(), "nothing");
    EXPECT_TRUE(find_place(context, "/bin/new/", FinalLink::Keep).value().must_be_directory);
}

TEST_F(PathTest, a_path_has_no_more_bytes_than_linux_gives_it) {
    const std::string name(200, 'n');
    Ref<Inode> at = root_;
    for (int depth = 0; depth < 20; ++depth) {
        at = make(*at, name, FileType::Directory);
    }
    EXPECT_EQ(directory_path(*at, *root_).value().size(), 20 * (name.size() + 1));
    const Ref<Inode> deeper = make(*at, name, FileType::Directory);
    EXPECT_EQ(directory_path(*deeper, *root_).error(), Errno::Enametoolong);
}

TEST_F(PathTest, paths_of_directories_are_found_again) {
    EXPECT_EQ(directory_path(*bin_, *root_).value().view(), "/usr/bin");
    EXPECT_EQ(directory_path(*root_, *root_).value().view(), "/");
    EXPECT_EQ(directory_path(*bin_, *usr_).value().view(), "/bin");
    ASSERT_TRUE(bin_->unlink("tool").ok());
    for (const char* name : {"back", "absolute", "dangling"}) {
        ASSERT_TRUE(bin_->unlink(name).ok());
    }
    ASSERT_TRUE(usr_->remove_directory("bin").ok());
    EXPECT_EQ(directory_path(*bin_, *root_).error(), Errno::Enoent);
}

}  // namespace
}  // namespace ringfence::kernel::testing
