// SPDX-License-Identifier: MIT
#include "kernel/core/fs/tmpfs.h"

#include <algorithm>
#include <string>

#include "kernel/core/fs/initramfs.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/vm/admission.h"
#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

std::string read_all(TmpfsFile& file) {
    std::string bytes(file.size() + 10, '?');
    const auto count =
        file.read(IoDestination({reinterpret_cast<u8*>(bytes.data()), bytes.size()}), 0);
    bytes.resize(count.value());
    return bytes;
}
void write_at(TmpfsFile& file, u64 offset, std::string_view text) {
    ASSERT_EQ(file.write(IoSource(as_bytes(text)), offset).value(), text.size());
}

class TmpfsTest : public KernelTest {
protected:
    Ref<Inode> make(Inode& directory, std::string_view name, FileType type = FileType::Regular) {
        return directory.create(name, {.type = type, .permissions = 0755}).value();
    }
    Ref<TmpfsDirectory> root_ = make_tmpfs_root(0755);
};

class ListSink final : public DirectorySink {
public:
    explicit ListSink(usize room) : room_(room) {}
    bool add(const DirectoryEntry& entry, u64) override {
        if (room_ == 0) {
            return false;
        }
        --room_;
        names.emplace_back(entry.name);
        return true;
    }
    std::vector<std::string> names;

private:
    usize room_;
};

TEST_F(TmpfsTest, holes_read_as_zeroes_and_take_no_memory) {
    const Ref<TmpfsFile> file = make_unnamed_file(0);
    const u64 before = frames().free_frames();
    write_at(*file, 100 * mib, "end");
    EXPECT_EQ(frames().free_frames(), before - 1);
    EXPECT_EQ(file->size(), 100 * mib + 3);
    u8 byte = 1;
    EXPECT_EQ(file->read(IoDestination(std::span<u8>(&byte, 1)), 50 * mib).value(), 1u);
    EXPECT_EQ(byte, 0);
}

TEST_F(TmpfsTest, what_was_cut_off_never_comes_back) {
    const Ref<TmpfsFile> file = make_unnamed_file(0);
    write_at(*file, 0, std::string(5000, 'x'));
    ASSERT_TRUE(file->resize(10).ok());
    ASSERT_TRUE(file->resize(5000).ok());
    EXPECT_EQ(read_all(*file), std::string(10, 'x') + std::string(4990, '\0'));
}

TEST_F(TmpfsTest, initial_contents_are_used_in_place_until_written) {
    static const std::string initial(6000, 'i');
    const Ref<TmpfsFile> file =
        make_ref<TmpfsFile>(new_metadata({}, tmpfs_device), as_bytes(initial));
    const u64 before = frames().free_frames();
    EXPECT_EQ(read_all(*file), initial);
    EXPECT_EQ(frames().free_frames(), before);
    write_at(*file, 4096, "new");
    std::string expected = initial;
    expected.replace(4096, 3, "new");
    EXPECT_EQ(read_all(*file), expected);
    ASSERT_TRUE(file->resize(3).ok());
    ASSERT_TRUE(file->resize(20).ok());
    EXPECT_EQ(read_all(*file), "iii" + std::string(17, '\0'));
}

TEST_F(TmpfsTest, a_full_memory_is_reported_and_what_fitted_stays) {
    const Ref<TmpfsFile> file = make_unnamed_file(0);
    leave_free_frames(reserved_frames + 2);
    const std::string big(5 * page_size, 'b');
    EXPECT_EQ(file->write(IoSource(as_bytes(big)), 0).value(), 2 * page_size);
    EXPECT_EQ(file->write(IoSource(as_bytes(big)), 2 * page_size).error(), Errno::Enospc);
    EXPECT_EQ(file->size(), 2 * page_size);
}

TEST_F(TmpfsTest, links_are_counted) {
    const Ref<Inode> file = make(*root_, "a");
    ASSERT_TRUE(root_->link("b", *file).ok());
    EXPECT_EQ(file->metadata().links, 2u);
    ASSERT_TRUE(root_->unlink("a").ok());
    EXPECT_EQ(file->metadata().links, 1u);
    EXPECT_EQ(root_->lookup("b").value(), file);
    make(*root_, "d", FileType::Directory);
    EXPECT_EQ(root_->metadata().links, 3u);
    ASSERT_TRUE(root_->remove_directory("d").ok());
    EXPECT_EQ(root_->metadata().links, 2u);
}

TEST_F(TmpfsTest, removals_check_what_they_remove) {
    const Ref<Inode> directory = make(*root_, "d", FileType::Directory);
    make(*directory, "f");
    make(*root_, "f");
    EXPECT_EQ(root_->unlink("d").error(), Errno::Eisdir);
    EXPECT_EQ(root_->unlink("no").error(), Errno::Enoent);
    EXPECT_EQ(root_->remove_directory("f").error(), Errno::Enotdir);
    EXPECT_EQ(root_->remove_directory("d").error(), Errno::Enotempty);
    EXPECT_EQ(root_->remove_directory(".").error(), Errno::Einval);
    ASSERT_TRUE(directory->unlink("f").ok());
    ASSERT_TRUE(root_->remove_directory("d").ok());
    EXPECT_EQ(directory->create("g", {}).error(), Errno::Enoent);
}

TEST_F(TmpfsTest, renames_replace_and_refuse_as_rename_2_says) {
    const Ref<Inode> directory = make(*root_, "d", FileType::Directory);
    const Ref<Inode> inner = make(*directory, "inner", FileType::Directory);
    const Ref<Inode> file = make(*root_, "f");
    make(*root_, "g");
    const auto rename = [&](Inode& from, std::string_view name, Inode& to,
                            std::string_view new_name, RenameMode mode = RenameMode::Replace) {
        const auto result = from.rename(name, to, new_name, mode);
        return result ? std::optional<Errno>() : result.error();
    };
    EXPECT_EQ(rename(*root_, "f", *root_, "g", RenameMode::NoReplace), Errno::Eexist);
    EXPECT_EQ(rename(*root_, "f", *root_, "g"), std::nullopt);
    EXPECT_EQ(root_->lookup("g").value(), file);
    EXPECT_EQ(root_->lookup("f").error(), Errno::Enoent);
    EXPECT_EQ(rename(*root_, "d", *inner, "x"), Errno::Einval);
    EXPECT_EQ(rename(*root_, "g", *root_, "d"), Errno::Eisdir);
    EXPECT_EQ(rename(*root_, "d", *root_, "g"), Errno::Enotdir);
    EXPECT_EQ(rename(*directory, "inner", *root_, "moved"), std::nullopt);
    EXPECT_EQ(inner->parent(), root_);
    EXPECT_EQ(root_->metadata().links, 4u);
    EXPECT_EQ(directory->metadata().links, 2u);
    EXPECT_EQ(rename(*root_, "moved", *root_, "g", RenameMode::Exchange), std::nullopt);
    EXPECT_EQ(root_->lookup("g").value(), inner);
    EXPECT_EQ(root_->lookup("moved").value(), file);
    EXPECT_EQ(root_->metadata().links, 4u);
}

TEST_F(TmpfsTest, no_exchange_puts_a_directory_into_itself) {
    const Ref<Inode> outer = make(*root_, "outer", FileType::Directory);
    const Ref<Inode> inner = make(*outer, "inner", FileType::Directory);
    const Ref<Inode> file = make(*inner, "file");
    EXPECT_EQ(inner->rename("file", *root_, "outer", RenameMode::Exchange).error(), Errno::Einval);
    EXPECT_EQ(outer->rename("inner", *root_, "outer", RenameMode::Exchange).error(), Errno::Einval);
    EXPECT_EQ(root_->rename("outer", *inner, "file", RenameMode::Exchange).error(), Errno::Einval);
    EXPECT_EQ(inner->parent(), outer.get());
    EXPECT_EQ(outer->parent(), root_.get());
    for (const auto& [directory, name] : {std::pair{inner, "file"}, {outer, "inner"}}) {
        static_cast<void>(directory->unlink(name).ok() || directory->remove_directory(name).ok());
    }
}

TEST_F(TmpfsTest, listing_goes_on_where_it_stopped_while_files_vanish) {
    for (const char* name : {"a", "b", "c", "d"}) {
        make(*root_, name);
    }
    ListSink first(4);
    const u64 offset = root_->list(0, first).value();
    EXPECT_EQ(first.names, (std::vector<std::string>{".", "..", "a", "b"}));
    ASSERT_TRUE(root_->unlink("a").ok());
    ASSERT_TRUE(root_->unlink("c").ok());
    make(*root_, "e");
    ListSink rest(10);
    ASSERT_TRUE(root_->list(offset, rest).ok());
    EXPECT_EQ(rest.names, (std::vector<std::string>{"d", "e"}));
}

std::string cpio_member(const std::string& name, const std::string& contents, u32 mode,
                        u32 links = 1) {
    char header[111];
    std::snprintf(header, sizeof(header),
                  "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 7u, mode, 0u, 0u,
                  links, 0u, contents.size(), 0u, 0u, 0u, 0u, name.size() + 1, 0u);
    std::string bytes = header + name + '\0';
    bytes.resize((bytes.size() + 3) / 4 * 4);
    bytes += contents;
    bytes.resize((bytes.size() + 3) / 4 * 4);
    return bytes;
}

TEST_F(TmpfsTest, an_initramfs_becomes_a_tree) {
    const std::string archive =
        cpio_member("deep/er/file", "text", 0100600) + cpio_member("l1", "", 0100644, 2) +
        cpio_member("l2", "linked", 0100644, 2) + cpio_member("sym", "deep/er", 0120777) +
        cpio_member("deep", "", 040711) + cpio_member("../out", "x", 0100644) +
        cpio_member("TRAILER!!!", "", 0);
    ASSERT_TRUE(unpack_initramfs(*root_, as_bytes(archive)).ok());
    const Ref<Inode> deep = root_->lookup("deep").value();
    EXPECT_EQ(deep->metadata().permissions, 0711u);
    const Ref<Inode> file = deep->lookup("er").value()->lookup("file").value();
    EXPECT_EQ(read_all(static_cast<TmpfsFile&>(*file)), "text");
    EXPECT_EQ(root_->lookup("sym").value()->target().value().view(), "deep/er");
    EXPECT_EQ(root_->lookup("l1").value(), root_->lookup("l2").value());
    EXPECT_EQ(read_all(static_cast<TmpfsFile&>(*root_->lookup("l1").value())), "linked");
    EXPECT_EQ(root_->lookup("out").error(), Errno::Enoent);
}

TEST_F(TmpfsTest, a_corrupt_initramfs_is_explained) {
    const std::string noise(200, 'x');
    const auto unpacked = unpack_initramfs(*root_, as_bytes(noise));
    ASSERT_FALSE(unpacked.ok());
    EXPECT_NE(unpacked.error().view().find("070701"), std::string_view::npos);
}

}  // namespace
}  // namespace ringfence::kernel::testing
