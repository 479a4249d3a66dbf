// SPDX-License-Identifier: MIT
#include "lab/pack/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "lab/error.h"
#include "lab/pack/guest_image.h"
#include "tests/unit/lab/elf_builder.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::lab::pack {
namespace {

using testing::build_elf;
using ::testing::ElementsAre;
using testing::ElfRecipe;
using ::testing::HasSubstr;
using testing::ScratchDirectory;

constexpr u32 executable = 0755;

class AddProgram : public ::testing::Test {
protected:
    Start add(const std::vector<std::string>& command) {
        return add_program(tree_, command, directory_ / "bin" + ":" + directory_ / "sbin");
    }
    /// Expects the failure that a command gives.
    void expect_failure(const std::vector<std::string>& command, Failure failure,
                        const std::string& message) {
        try {
            add(command);
            ADD_FAILURE() << "no error for " << command.front();
        } catch (const LabError& error) {
            EXPECT_EQ(error.failure(), failure) << error.what();
            EXPECT_THAT(error.what(), HasSubstr(message));
        }
    }

    ScratchDirectory directory_;
    GuestTree tree_;
};

TEST_F(AddProgram, AbsolutePathStaysWhereItIs) {
    const std::string path = directory_.write("tool", build_elf({}), executable);
    const Start start = add({path, "-x", ""});
    EXPECT_EQ(start.executable, path);
    EXPECT_THAT(start.arguments, ElementsAre(path, "-x", ""));
    ASSERT_NE(tree_.find(path), nullptr);
    EXPECT_EQ(tree_.find(path)->data, build_elf({}));
    EXPECT_EQ(tree_.find(path)->permissions, executable);
}

TEST_F(AddProgram, NameIsLookedUpAndKeptAsTyped) {
    directory_.write("bin/tool", "data", 0644);
    const std::string path = directory_.write("sbin/tool", build_elf({}), executable);
    const Start start = add({"tool"});
    EXPECT_EQ(start.executable, path) << "what may not be executed is passed over";
    EXPECT_THAT(start.arguments, ElementsAre("tool"));
}

TEST_F(AddProgram, RelativePathLandsBelowTheRoot) {
    directory_.write("a/tool", build_elf({}), executable);
    ASSERT_EQ(chdir(directory_.path().c_str()), 0);
    EXPECT_EQ(add({"./a/tool"}).executable, "/a/tool");
    EXPECT_NE(tree_.find("/a/tool"), nullptr);
    ASSERT_EQ(chdir("/"), 0);
}

TEST_F(AddProgram, FileInTheTreeComesBeforeTheHost) {
    const std::string path = directory_.write("tool", build_elf({}), executable);
    tree_.add_file(path, executable, build_elf({.type = ET_DYN}));
    add({path});
    EXPECT_EQ(tree_.find(path)->data, build_elf({.type = ET_DYN}));
}

TEST_F(AddProgram, ScriptIsStartedByItsInterpreter) {
    const std::string shell = directory_.write("bin/shell", build_elf({}), executable);
    const std::string script =
        directory_.write("script", "#! " + shell + " -e  -u \necho\n", executable);
    const Start start = add({script, "argument"});
    EXPECT_EQ(start.executable, shell);
    EXPECT_THAT(start.arguments, ElementsAre(shell, "-e  -u", script, "argument"));
    EXPECT_NE(tree_.find(script), nullptr);
    EXPECT_NE(tree_.find(shell), nullptr);
}

TEST_F(AddProgram, ScriptOfAScriptIsStartedThroughBoth) {
    const std::string shell = directory_.write("shell", build_elf({}), executable);
    const std::string inner = directory_.write("inner", "#!" + shell + "\n", executable);
    const std::string outer = directory_.write("outer", "#!" + inner + " x\n", executable);
    EXPECT_THAT(add({outer}).arguments, ElementsAre(shell, inner, "x", outer));
}

TEST_F(AddProgram, ScriptsInACircleEnd) {
    const std::string path = directory_ / "loop";
    directory_.write("loop", "#!" + path + "\n", executable);
    expect_failure({path}, Failure::CannotRun, "interpreters that are scripts themselves");
}

TEST_F(AddProgram, DynamicProgramBringsLinkerAndLibraries) {
    const std::string linker = directory_.write("ld.so", build_elf({.type = ET_DYN}), executable);
    const std::string first = directory_.write(
        "lib/first.so", build_elf({.type = ET_DYN, .needed = {"second.so"}, .runpath = "$ORIGIN"}));
    const std::string second = directory_.write("lib/second.so", build_elf({.type = ET_DYN}));
    const std::string tool = directory_.write("tool",
                                              build_elf({.type = ET_DYN,
                                                         .interpreter = linker,
                                                         .needed = {"first.so"},
                                                         .runpath = "$ORIGIN/lib"}),
                                              executable);
    add({tool});
    for (const std::string& path : {linker, first, second}) {
        EXPECT_NE(tree_.find(path), nullptr) << path;
    }
}

TEST_F(AddProgram, ProgramBehindLinksFindsLibrariesBesideItsFile) {
    const std::string linker = directory_.write("ld.so", build_elf({.type = ET_DYN}), executable);
    const std::string library = directory_.write("jdk/beside.so", build_elf({.type = ET_DYN}));
    const std::string file = directory_.write(
        "jdk/tool",
        build_elf(
            {.type = ET_DYN, .interpreter = linker, .needed = {"beside.so"}, .runpath = "$ORIGIN"}),
        executable);
    directory_.write("alternatives/readme", "");
    directory_.write("bin/readme", "");
    const std::string middle = directory_ / "alternatives/tool";
    const std::string link = directory_ / "bin/tool";
    std::filesystem::create_symlink(file, middle);
    std::filesystem::create_symlink("../alternatives/tool", link);
    const Start start = add({"tool"});
    EXPECT_EQ(start.executable, link);
    EXPECT_NE(tree_.find(library), nullptr);
    EXPECT_EQ(tree_.nodes().at(link).kind, NodeKind::Symlink);
    EXPECT_EQ(tree_.nodes().at(middle).data, file);
    EXPECT_EQ(tree_.nodes().at(file).kind, NodeKind::File);
    ASSERT_NE(tree_.find(link), nullptr);
    EXPECT_EQ(tree_.find(link)->kind, NodeKind::File);
}

TEST_F(AddProgram, LinksInACircleAreAnError) {
    directory_.write("bin/readme", "");
    std::filesystem::create_symlink("b", directory_ / "bin/a");
    std::filesystem::create_symlink("a", directory_ / "bin/b");
    expect_failure({directory_ / "bin/a"}, Failure::CannotRun, "bin/a");
}

TEST_F(AddProgram, RunpathIsNotInheritedButRpathIs) {
    const std::string linker = directory_.write("ld.so", build_elf({.type = ET_DYN}), executable);
    directory_.write("lib/first.so", build_elf({.type = ET_DYN, .needed = {"rf-second.so"}}));
    directory_.write("lib/rf-second.so", build_elf({.type = ET_DYN}));
    const auto tool = [&](const ElfRecipe& recipe) {
        return directory_.write("tool", build_elf(recipe), executable);
    };
    ElfRecipe recipe{.type = ET_DYN, .interpreter = linker, .needed = {"first.so"}};
    recipe.runpath = "$ORIGIN/lib";
    expect_failure({tool(recipe)}, Failure::NotFound, "rf-second.so");
    tree_ = GuestTree();
    recipe.runpath.clear();
    recipe.rpath = "$ORIGIN/lib";
    EXPECT_NO_THROW(add({tool(recipe)}));
}

TEST_F(AddProgram, WhatCannotRunIsNamed) {
    const std::string plain = directory_.write("plain", "hello\n", executable);
    const std::string locked = directory_.write("locked", build_elf({}), 0644);
    const std::string empty = directory_.write("empty", "", executable);
    const std::string library = [&] {
        std::string bytes = build_elf({.type = ET_DYN});
        testing::patch(bytes, offsetof(Elf64_Ehdr, e_entry), u64{0});
        return directory_.write("library", bytes, executable);
    }();
    expect_failure({plain}, Failure::CannotRun, "neither an ELF file nor a script");
    expect_failure({empty}, Failure::CannotRun, "neither an ELF file nor a script");
    expect_failure({locked}, Failure::CannotRun, "not executable");
    expect_failure({library}, Failure::CannotRun, "no entry point");
    expect_failure({directory_.path()}, Failure::CannotRun, "is a directory");
    expect_failure({"/dev/null"}, Failure::CannotRun, "socket, pipe or device");
    expect_failure({directory_.write("s", "#!\n", executable)}, Failure::CannotRun,
                   "names no interpreter");
}

TEST_F(AddProgram, WhatIsMissingIsNamed) {
    const auto dynamic = [&](const ElfRecipe& recipe) {
        return directory_.write("dynamic", build_elf(recipe), executable);
    };
    expect_failure({directory_ / "nothing"}, Failure::NotFound, "no such file");
    expect_failure({"nothing"}, Failure::NotFound, "command not found");
    expect_failure({""}, Failure::NotFound, "empty");
    expect_failure({dynamic({.interpreter = "/no/ld.so"})}, Failure::NotFound,
                   "dynamic linker /no/ld.so does not exist");
    const std::string linker = directory_.write("ld.so", build_elf({.type = ET_DYN}), executable);
    tree_ = GuestTree();
    expect_failure({dynamic({.interpreter = linker, .needed = {"libnowhere.so.1"}})},
                   Failure::NotFound, "libnowhere.so.1");
    expect_failure({directory_.write("s", "#!/no/shell\n", executable)}, Failure::NotFound,
                   "interpreter /no/shell does not exist");
}

TEST(GuestImage, IsAPureFunctionOfItsRequest) {
    const ScratchDirectory directory;
    const std::string tool = directory.write("tool", build_elf({}), executable);
    const GuestRequest request{.roots = {}, .files = {}, .environment = {"A=1"}, .command = {tool}};
    const std::string once = pack_guest(request).initramfs;
    EXPECT_EQ(once, pack_guest(request).initramfs);
    EXPECT_THAT(once, HasSubstr(std::string("A=1\0HOME=/\0", 11)));
}

TEST(GuestImage, RootsAndFilesLandWhereTheyShould) {
    const ScratchDirectory directory;
    const std::string tool = directory.write("tool", build_elf({}), executable);
    directory.write("root/etc/hello", "HELLO-FROM-ROOT");
    const std::string file = directory.write("file", "HELLO-FROM-FILE");
    ASSERT_EQ(symlink("hello", (directory / "root/etc/link").c_str()), 0);
    ASSERT_EQ(mkfifo((directory / "root/pipe").c_str(), 0600), 0);
    const auto image = pack_guest({.roots = {directory / "root"},
                                   .files = {file + "=/renamed"},
                                   .environment = {},
                                   .command = {tool}});
    EXPECT_THAT(image.initramfs, HasSubstr("HELLO-FROM-ROOT"));
    EXPECT_THAT(image.initramfs, HasSubstr("HELLO-FROM-FILE"));
    EXPECT_THAT(image.initramfs, HasSubstr(std::string("renamed\0", 8)));
    EXPECT_THAT(image.initramfs, HasSubstr(std::string("etc/link\0", 9)));
    EXPECT_THAT(image.notes, ElementsAre(HasSubstr("pipe: left out")));
}

TEST(GuestImage, AddedProgramsBringTheirLibraries) {
    const ScratchDirectory directory;
    const std::string tool = directory.write("tool", build_elf({}), executable);
    const std::string linker = directory.write("ld.so", build_elf({.type = ET_DYN}), executable);
    directory.write("lib/rf-needed.so", build_elf({.type = ET_DYN}));
    const std::string other = directory.write("other",
                                              build_elf({.type = ET_DYN,
                                                         .interpreter = linker,
                                                         .needed = {"rf-needed.so"},
                                                         .runpath = "$ORIGIN/lib"}),
                                              executable);
    const std::string broken =
        directory.write("broken.so", build_elf({.type = ET_DYN, .needed = {"rf-nowhere.so"}}));
    const auto image =
        pack_guest({.roots = {}, .files = {other, broken}, .environment = {}, .command = {tool}});
    EXPECT_THAT(image.initramfs, HasSubstr(std::string("/ld.so\0", 7)));
    EXPECT_THAT(image.initramfs, HasSubstr(std::string("lib/rf-needed.so\0", 17)));
    EXPECT_THAT(image.notes, ElementsAre(HasSubstr("broken.so: needs the shared library "
                                                   "rf-nowhere.so")));
}

TEST(GuestImage, BadRequestsAreErrors) {
    const ScratchDirectory directory;
    const std::string tool = directory.write("tool", build_elf({}), executable);
    const auto pack = [&](const GuestRequest& request) { static_cast<void>(pack_guest(request)); };
    EXPECT_THROW(pack({{directory / "missing"}, {}, {}, {tool}}), LabError);
    EXPECT_THROW(pack({{tool}, {}, {}, {tool}}), LabError) << "--root of a file";
    EXPECT_THROW(pack({{}, {directory / "missing"}, {}, {tool}}), LabError);
    EXPECT_THROW(pack({{}, {tool + "="}, {}, {tool}}), LabError);
    EXPECT_THROW(pack({{}, {}, {"NOVALUE"}, {tool}}), LabError);
}

}  // namespace
}  // namespace ringfence::lab::pack
