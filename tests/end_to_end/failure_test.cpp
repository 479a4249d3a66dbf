// SPDX-License-Identifier: MIT
// What goes wrong ends with a clear line, the right exit status, and nothing left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/end_to_end/command.h"
#include "tests/end_to_end/setups.h"
#include "tests/end_to_end/tiny_kernel.h"
#include "tests/unit/lab/elf_builder.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::end_to_end {
namespace {

using lab::testing::build_elf;
using lab::testing::patch;
using lab::testing::read_file;
using lab::testing::ScratchDirectory;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr u32 executable = 0755;

/// Files that cannot be run, made below a directory; gives the command.
using MakeProgram = std::string (*)(const ScratchDirectory&);

struct BadProgram {
    const char* name;
    MakeProgram make;
    int status;
    const char* message;
};

std::string busybox() {
    return read_file("/bin/busybox");
}

const std::vector<BadProgram>& bad_programs() {
    static const std::vector<BadProgram> list = {
        {"missing", [](const ScratchDirectory& d) { return d / "nothing"; }, 127, "no such file"},
        {"not_on_the_path", [](const ScratchDirectory&) { return std::string("no-such-thing"); },
         127, "command not found"},
        {"directory", [](const ScratchDirectory& d) { return d.path(); }, 126, "is a directory"},
        {"not_executable",
         [](const ScratchDirectory& d) { return d.write("plain", build_elf({}), 0644); }, 126,
         "not executable"},
        {"device", [](const ScratchDirectory&) { return std::string("/dev/null"); }, 126,
         "expected a file"},
        {"text", [](const ScratchDirectory& d) { return d.write("t", "words\n", executable); }, 126,
         "neither an ELF file nor a script"},
        {"empty", [](const ScratchDirectory& d) { return d.write("e", "", executable); }, 126,
         "neither an ELF file nor a script"},
        {"truncated_header",
         [](const ScratchDirectory& d) {
             return d.write("x", busybox().substr(0, 40), executable);
         },
         126, "is cut off"},
        {"truncated_segment",
         [](const ScratchDirectory& d) {
             return d.write("x", busybox().substr(0, 100000), executable);
         },
         126, "is cut off"},
        {"corrupt_segment",
         [](const ScratchDirectory& d) {
             std::string bytes = build_elf({});
             patch(bytes, sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_vaddr),
                   u64{0xffffffff81000000});
             return d.write("x", bytes, executable);
         },
         126, "is corrupt"},
        {"missing_dynamic_linker",
         [](const ScratchDirectory& d) {
             return d.write("x", build_elf({.interpreter = "/no/such/ld.so"}), executable);
         },
         127, "its dynamic linker /no/such/ld.so does not exist"},
        {"i386",
         [](const ScratchDirectory& d) {
             std::string bytes = build_elf({});
             patch(bytes, EI_CLASS, u8{ELFCLASS32});
             patch(bytes, offsetof(Elf64_Ehdr, e_machine), u16{EM_386});
             return d.write("x", bytes, executable);
         },
         126, "is an ELF file for i386 (32-bit), expected x86-64"},
        {"aarch64",
         [](const ScratchDirectory& d) {
             std::string bytes = build_elf({});
             patch(bytes, offsetof(Elf64_Ehdr, e_machine), u16{EM_AARCH64});
             return d.write("x", bytes, executable);
         },
         126, "is an ELF file for AArch64 (64-bit), expected x86-64"},
        {"script_without_interpreter",
         [](const ScratchDirectory& d) { return d.write("s", "#!/no/such/shell\n", executable); },
         127, "its interpreter /no/such/shell does not exist"},
    };
    return list;
}

class ProgramThatCannotRun : public ::testing::TestWithParam<size_t> {};

TEST_P(ProgramThatCannotRun, IsNamedWithItsReason) {
    const BadProgram& bad = bad_programs()[GetParam()];
    const ScratchDirectory directory;
    const std::string program = bad.make(directory);
    const Outcome run = ringfence({"run", "--", program});
    EXPECT_EQ(run.status, bad.status);
    EXPECT_EQ(run.output, "");
    EXPECT_THAT(run.error, HasSubstr(bad.message));
    EXPECT_THAT(run.error, MatchesRegex("ringfence: [^\n]*\n")) << "one line";
    const Outcome compare = ringfence({"compare", "--", program});
    EXPECT_EQ(compare.status, 255);
    EXPECT_THAT(compare.error, HasSubstr(bad.message));
}

INSTANTIATE_TEST_SUITE_P(Each, ProgramThatCannotRun,
                         ::testing::Range(size_t{0}, bad_programs().size()),
                         [](const auto& info) { return bad_programs()[info.param].name; });

// What the kernel can do wrong. The bytes are 32-bit code.
struct BadKernel {
    const char* name;
    std::string_view code;
    const char* message;
};

using namespace std::string_view_literals;

const std::vector<BadKernel>& bad_kernels() {
    static const std::vector<BadKernel> list = {
        {"triple_fault", "\x0f\x0b"sv, "triple fault"},  // ud2 without an IDT
        // mov dx, 0xf4; mov eax, 0x11; out dx, eax
        {"panic", "\x66\xba\xf4\x00\xb8\x11\x00\x00\x00\xef\xeb\xfe"sv, "kernel panic"},
        // mov dx, 0xf4; mov eax, 0x10; out dx, eax: in good order, but without a result
        {"no_exit_status", "\x66\xba\xf4\x00\xb8\x10\x00\x00\x00\xef\xeb\xfe"sv,
         "without the program's exit status"},
        // mov dx, 0x2e8; mov al, 0xff; out dx, al; jmp to the out
        {"broken_protocol", "\x66\xba\xe8\x02\xb0\xff\xee\xeb\xfd"sv, "control channel"},
    };
    return list;
}

class KernelThatFails : public ::testing::TestWithParam<std::tuple<const char*, size_t>> {};

TEST_P(KernelThatFails, IsAnErrorOfTheRun) {
    const auto [machine, index] = GetParam();
    const BadKernel& bad = bad_kernels()[index];
    const ScratchDirectory directory;
    const std::string kernel = directory.write("kernel", tiny_kernel(bad.code));
    const Outcome run = ringfence(
        {"run", "--machine", machine, "--kernel-image", kernel, "--", "/bin/busybox", "true"});
    EXPECT_EQ(run.status, 125);
    EXPECT_THAT(run.error, HasSubstr(bad.message));
    const Outcome compare = ringfence({"compare", "--machine", machine, "--kernel-image", kernel,
                                       "--json", directory / "json", "--", "/bin/busybox", "true"});
    EXPECT_EQ(compare.status, 255);
    EXPECT_THAT(compare.error, HasSubstr(bad.message));
    EXPECT_FALSE(std::filesystem::exists(directory / "json"));
}

INSTANTIATE_TEST_SUITE_P(Each, KernelThatFails,
                         ::testing::Combine(::testing::Values("builtin", "qemu"),
                                            ::testing::Range(size_t{0}, bad_kernels().size())),
                         [](const auto& info) {
                             return std::string(std::get<0>(info.param)) + "_" +
                                    bad_kernels()[std::get<1>(info.param)].name;
                         });

TEST(KernelImage, ThatIsMissingOrNoneIsAnError) {
    const ScratchDirectory directory;
    const auto run = [&](const std::string& path) {
        return ringfence({"run", "--kernel-image", path, "--", "/bin/busybox"});
    };
    EXPECT_EQ(run(directory / "nothing").status, 125);
    EXPECT_THAT(run(directory / "nothing").error, HasSubstr("the kernel image"));
    EXPECT_EQ(run(directory.write("text", "no kernel")).status, 125);
    EXPECT_THAT(run(directory / "text").error, HasSubstr("is not an ELF file"));
}

// A guest that halts with interrupts off will never do anything again.
TEST(HangingKernel, IsNoticedByTheBuiltinMachine) {
    const ScratchDirectory directory;
    const std::string kernel = directory.write("kernel", tiny_kernel("\xfa\xf4\xeb\xfd"sv));
    const Outcome run = ringfence({"run", "--kernel-image", kernel, "--", "/bin/busybox"});
    EXPECT_EQ(run.status, 125);
    EXPECT_THAT(run.error, HasSubstr("hang"));
}

class EndlessProgram : public ::testing::TestWithParam<std::tuple<size_t, const char*>> {
protected:
    [[nodiscard]] const Place& setup() const { return setups()[std::get<0>(GetParam())]; }
    [[nodiscard]] std::vector<std::string> command() const {
        return {guest_program("end"), std::get<1>(GetParam())};
    }
    [[nodiscard]] std::string greeting() const {
        return std::string("ending by ") + std::get<1>(GetParam()) + "\n";
    }
};

TEST_P(EndlessProgram, EndsAtItsTimeout) {
    const Outcome run = ringfence(run_arguments(setup(), {"--timeout", "1.5"}, command()));
    EXPECT_EQ(run.status, 124);
    EXPECT_EQ(run.output, greeting()) << "what it wrote before came through";
    EXPECT_LT(run.seconds, 10);
}

TEST_P(EndlessProgram, EndsBySignal) {
    for (const auto& [signal, status] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
        const Outcome run = ringfence(run_arguments(setup(), {}, command()),
                                      {.signal = signal, .signal_after = greeting()});
        EXPECT_EQ(run.status, status);
        EXPECT_EQ(run.error, "");
        EXPECT_LT(run.seconds, 10);
    }
}

INSTANTIATE_TEST_SUITE_P(Each, EndlessProgram,
                         ::testing::Combine(::testing::Values(1, 4),
                                            ::testing::Values("spin", "sleep")),
                         [](const auto& info) {
                             return std::string(setups()[std::get<0>(info.param)].name) + "_" +
                                    std::get<1>(info.param);
                         });

// Nothing outside the guest can wake it: the kernel says so instead of waiting for ever.
TEST(WaitingProgram, IsADeadlock) {
    for (const Place& setup : setups()) {
        const Outcome run = ringfence(run_arguments(setup, {}, {guest_program("end"), "wait"}));
        EXPECT_EQ(run.status, 125);
        EXPECT_THAT(run.error, HasSubstr("deadlock: every thread sleeps"));
    }
}

TEST(EndlessProgramInCompare, EndsAtItsTimeoutOrBySignal) {
    const ScratchDirectory directory;
    const std::vector<std::string> spin = {
        "compare", "--timeout",          "1",   "--json", directory / "json",
        "--",      guest_program("end"), "spin"};
    const Outcome run = ringfence(spin);
    EXPECT_EQ(run.status, 255);
    EXPECT_THAT(run.error, HasSubstr("--timeout"));
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(InstructionLimit, StopsTheRun) {
    const Outcome run =
        ringfence({"run", "--max-instructions", "30000000", "--", guest_program("end"), "spin"});
    EXPECT_EQ(run.status, 124);
    EXPECT_THAT(run.error, HasSubstr("30000000 instructions"));
}

class Memory : public ::testing::TestWithParam<size_t> {};

// Linux kills a process when memory runs out, and so must our kernel; the machine must survive it.
TEST_P(Memory, ThatRunsOutEndsTheProgramNotTheKernel) {
    const Place& setup = setups()[GetParam()];
    const Outcome killed = ringfence(run_arguments(
        setup, {"--memory", "64", "--file", guest_program("eat_memory") + "=/eat_memory"},
        {"/bin/busybox", "sh", "-c", "/eat_memory 200; echo status $?; /eat_memory 4"}));
    EXPECT_EQ(killed.status, 0);
    EXPECT_THAT(killed.output,
                ::testing::AnyOf("status 137\n4 MiB\n", "refused\nstatus 3\n4 MiB\n"));
}

TEST_P(Memory, ThatRunsOutInSocketsIsAnErrorOfACall) {
    const Outcome outcome = ringfence(run_arguments(
        setups()[GetParam()], {"--memory", "48", "--quiet"}, {guest_program("exhaust_sockets")}));
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("round 1: all works again"));
}

INSTANTIATE_TEST_SUITE_P(Each, Memory, ::testing::Values(1, 4),
                         [](const auto& info) { return setups()[info.param].name; });

TEST(UnreadableDirectory, IsAnErrorNotAGap) {
    const ScratchDirectory directory;
    ASSERT_EQ(symlink("loop", (directory / "loop").c_str()), 0);
    const Outcome loop = ringfence({"run", "--root", directory / "loop", "--", "/bin/busybox"});
    EXPECT_EQ(loop.status, 125);
    EXPECT_THAT(loop.error, HasSubstr("Too many levels of symbolic links"));

    directory.write("root/hidden/file", "x");
    ASSERT_EQ(chmod((directory / "root/hidden").c_str(), 0), 0);
    std::vector<std::string> command = {
        RINGFENCE_COMMAND, "run", "--root", directory / "root", "--", "/bin/busybox", "true"};
    if (geteuid() == 0) {
        ASSERT_EQ(chmod(directory.path().c_str(), 0755), 0);
        command.insert(command.begin(),
                       {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
        // Not the command itself: setpriv keeps its capabilities until it has been found.
        if (execute({"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                     "/bin/busybox", "test", "-r", RINGFENCE_COMMAND})
                .status != 0) {
            GTEST_SKIP() << "root reads every directory, and nobody cannot reach this build";
        }
    }
    const Outcome hidden = execute(command);
    EXPECT_EQ(hidden.status, 125);
    EXPECT_THAT(hidden.error,
                HasSubstr("root/hidden: directory cannot be read: Permission denied"));
}

TEST(FullDisk, IsAnErrorOfCompare) {
    const Outcome run = ringfence({"compare", "--json", "/dev/full", "--", "/bin/busybox", "true"});
    EXPECT_EQ(run.status, 255);
    EXPECT_THAT(run.error, HasSubstr("/dev/full: cannot be written: No space left on device"));
    const Outcome early =
        ringfence({"compare", "--json", "/no/such/directory/x", "--", "/bin/busybox", "true"});
    EXPECT_EQ(early.status, 255);
    EXPECT_THAT(early.error, HasSubstr("/no/such/directory/x: cannot be written"));
}

TEST(ClosedOutput, EndsTheRunAsSigpipeWould) {
    const Outcome run = ringfence({"run", "--", "/bin/busybox", "yes"}, {.close_after = 1000});
    EXPECT_EQ(run.status, 128 + SIGPIPE);
    EXPECT_EQ(run.error, "");
}

TEST(FullOutput, IsAnErrorOfTheRun) {
    const Outcome run =
        ringfence({"run", "--", "/bin/busybox", "echo", "x"}, {.output_file = "/dev/full"});
    EXPECT_EQ(run.status, 125);
    EXPECT_THAT(run.error, HasSubstr("standard output: No space left on device"));
}

TEST(Qemu, ThatIsNotInstalledIsNamedWithItsPackage) {
    const Outcome run = ringfence({"run", "--machine", "qemu", "--", "/bin/busybox"},
                                  {.environment = {"PATH=/nonexistent"}});
    EXPECT_EQ(run.status, 125);
    EXPECT_THAT(run.error, HasSubstr("qemu-system-x86"));
}

struct BadUsage {
    std::vector<std::string> arguments;
    int status;
    const char* message;
};

TEST(Usage, MistakesAreExplained) {
    const std::vector<BadUsage> table = {
        {{}, 255, "usage: ringfence"},
        {{"comprae"}, 255, "did you mean 'compare'?"},
        {{"run"}, 125, "no program is given"},
        {{"run", "--desing", "shared"}, 125, "did you mean '--design'?"},
        {{"run", "--design", "isolate", "x"}, 125, "did you mean 'isolated'?"},
        {{"run", "--cpu", "skylake-ps", "/bin/busybox"}, 125, "did you mean 'skylake-sp'?"},
        {{"run", "--machine", "qemu", "--pcid", "on", "/bin/busybox"}, 125, "no PCID"},
        {{"run", "--kaslr", "1 pti=off", "x"}, 125, "letters and digits"},
        {{"run", "--kaslr", "1", "--gdb", "0", "x"}, 125, "--kaslr does not go with"},
        {{"compare", "--jobs", "0", "x"}, 255, "--jobs"},
    };
    for (const BadUsage& bad : table) {
        const Outcome outcome = ringfence(bad.arguments);
        EXPECT_EQ(outcome.status, bad.status) << bad.message;
        EXPECT_THAT(outcome.error, HasSubstr(bad.message));
        EXPECT_EQ(outcome.output, "");
    }
}

TEST(MissingFiles, AreNamedWhenTheProgramFails) {
    const ScratchDirectory directory;
    const std::string file = directory.write("input", "text");
    for (const Place& setup : setups()) {
        const Outcome outcome = ringfence(run_arguments(setup, {}, {"/bin/busybox", "cat", file}));
        EXPECT_EQ(outcome.status, 1);
        EXPECT_THAT(outcome.error, HasSubstr("looked for " + file + ", which this host has"));
        const Outcome quiet =
            ringfence(run_arguments(setup, {"--quiet"}, {"/bin/busybox", "cat", file}));
        EXPECT_EQ(quiet.error, "cat: can't open '" + file + "': No such file or directory\n");
        EXPECT_EQ(
            ringfence(run_arguments(setup, {"--file", file}, {"/bin/busybox", "cat", file})).output,
            "text");
    }
}

}  // namespace
}  // namespace ringfence::end_to_end
