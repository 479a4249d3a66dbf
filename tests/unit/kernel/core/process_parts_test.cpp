// SPDX-License-Identifier: MIT
// Small parts of processes: scripts, credentials, descriptors, wait statuses.
#include "kernel/core/fs/devices.h"
#include "kernel/core/process/script.h"
#include "tests/unit/kernel/core/credentials_of.h"
#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

TEST(ScriptLine, is_split_into_interpreter_and_one_argument) {
    const auto line = parse_script_line("#! /bin/sh  -e x \necho");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->interpreter.view(), "/bin/sh");
    EXPECT_EQ(line->argument.view(), "-e x");
    EXPECT_EQ(parse_script_line("#!/bin/sh")->argument.view(), "");
    EXPECT_FALSE(parse_script_line("#!\n"));
    EXPECT_FALSE(parse_script_line("#! \t \n/bin/sh"));
    EXPECT_FALSE(parse_script_line("# !/bin/sh"));
    EXPECT_FALSE(parse_script_line(""));
}

TEST(Credentials, grant_what_the_permission_bits_say) {
    Metadata file{.permissions = 0640, .owner = 10, .group = 20};
    const Credentials owner = credentials_of(10, 99);
    Credentials member = credentials_of(11, 99);
    member.groups = {20};
    const Credentials other = credentials_of(12, 99);
    EXPECT_TRUE(owner.may_access(file, Access::Read | Access::Write));
    EXPECT_TRUE(member.may_access(file, Access::Read));
    EXPECT_FALSE(member.may_access(file, Access::Write));
    EXPECT_FALSE(other.may_access(file, Access::Read));
    const Credentials root;
    EXPECT_TRUE(root.may_access(file, Access::Write));
    EXPECT_FALSE(root.may_access(file, Access::Execute));
    file.permissions = 0641;
    EXPECT_TRUE(root.may_access(file, Access::Execute));
    Credentials reader = other;
    reader.capabilities.effective = CapabilitySet::of(Capability::DacReadSearch);
    EXPECT_TRUE(reader.may_access(file, Access::Read));
    EXPECT_FALSE(reader.may_access(file, Access::Write));
    file.permissions = 0077;
    EXPECT_FALSE(owner.may_access(file, Access::Read));  // the owner's bits count, not the others'
}

class FileTableTest : public KernelTest {
protected:
    static Ref<OpenFile> file() {
        return make_stream(StandardStream::Output)->open(OpenFlags{OpenFlags::write_only}).value();
    }
};

TEST_F(FileTableTest, gives_the_lowest_free_number) {
    const Ref<FileTable> table = make_ref<FileTable>();
    for (i32 expected = 0; expected < 3; ++expected) {
        EXPECT_EQ(table->add(file(), false, 10).value(), expected);
    }
    ASSERT_TRUE(table->close(1).ok());
    EXPECT_EQ(table->add(file(), false, 10, 2).value(), 3);
    EXPECT_EQ(table->add(file(), false, 10).value(), 1);
    EXPECT_EQ(table->add(file(), false, 4).error(), Errno::Emfile);
    EXPECT_EQ(table->close(7).error(), Errno::Ebadf);
    EXPECT_EQ(table->get(-1).error(), Errno::Ebadf);
    EXPECT_EQ(table->replace(10, file(), false, 10).error(), Errno::Ebadf);
    ASSERT_TRUE(table->replace(9, file(), true, 10).ok());
    EXPECT_TRUE(table->close_on_exec(9).value());
}

TEST_F(FileTableTest, a_copy_shares_files_but_not_numbers) {
    const Ref<FileTable> table = make_ref<FileTable>();
    ASSERT_TRUE(table->add(file(), false, 10).ok());
    ASSERT_TRUE(table->add(file(), true, 10).ok());
    const Ref<FileTable> copy = table->copy().value();
    EXPECT_EQ(copy->get(0).value(), table->get(0).value());
    copy->close_for_exec();
    EXPECT_FALSE(copy->get(1).ok());
    EXPECT_TRUE(table->get(1).ok());
    EXPECT_TRUE(copy->get(0).ok());
}

TEST(WaitStatus, is_encoded_as_wait_2_decodes_it) {
    EXPECT_EQ(WaitStatus{.exit_code = 7}.encoded(), 0x700u);
    EXPECT_EQ(WaitStatus{.signal = 11}.encoded(), 11u);
    EXPECT_EQ((WaitStatus{.signal = 6, .dumped = true}.encoded()), 0x86u);
}

TEST(ParseDecimal, takes_one_spelling_of_each_number) {
    EXPECT_EQ(parse_decimal("0"), 0u);
    EXPECT_EQ(parse_decimal("4294967295"), 4294967295u);
    for (const char* bad : {"", "01", "-1", "1x", "4294967296", "99999999999999999999"}) {
        EXPECT_EQ(parse_decimal(bad), std::nullopt) << bad;
    }
}

}  // namespace
}  // namespace ringfence::kernel::testing
