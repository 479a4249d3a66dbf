// SPDX-License-Identifier: MIT
// Kernels that are not Linux: the boot protocols beside QEMU's, and what each end of a machine
// becomes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/end_to_end/command.h"
#include "tests/end_to_end/tiny_kernel.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::end_to_end {
namespace {

using lab::testing::ScratchDirectory;
using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class BootProtocol : public ::testing::TestWithParam<const char*> {};

TEST_P(BootProtocol, HandsOverWhatQemuDoes) {
    const ScratchDirectory directory;
    const std::string environment = directory.write("env", "KEY=1\nOTHER=2\n\0"s);
    const std::string kernel = std::string(RINGFENCE_PROTOCOL_KERNELS "/protocol_") + GetParam();
    const Outcome ours = ringfence({"boot", "--kernel", kernel, "--append", "one two=3", "--module",
                                    environment + "=text of its own"});
    const Outcome qemu =
        execute({"/usr/bin/qemu-system-x86_64",
                 "-M",
                 "pc",
                 "-accel",
                 "tcg",
                 "-m",
                 "256",
                 "-display",
                 "none",
                 "-no-reboot",
                 "-nodefaults",
                 "-kernel",
                 kernel,
                 "-append",
                 "one two=3",
                 "-initrd",
                 GetParam() == "multiboot"s ? environment + " text of its own" : environment,
                 "-serial",
                 "stdio",
                 "-device",
                 "isa-debug-exit,iobase=0xf4,iosize=4"});
    EXPECT_EQ(ours.output, qemu.output);
    EXPECT_EQ(ours.status, qemu.status) << ours.error << qemu.error;
    EXPECT_EQ(ours.status, (5 << 1) | 1);
    EXPECT_THAT(ours.output, HasSubstr("command line: one two=3\n"));
    EXPECT_THAT(ours.output, HasSubstr("content: KEY=1\nOTHER=2\n"));
    EXPECT_THAT(ours.output, HasSubstr("firmware: QEMU processors: 00000001 memory: 10000000\n"));
}

INSTANTIATE_TEST_SUITE_P(Kernels, BootProtocol, ::testing::Values("multiboot", "pvh"),
                         [](const auto& info) { return std::string(info.param); });

/// Code for tiny_kernel, and what its end is.
struct End {
    const char* name;
    std::string code;
    int status;
    const char* reason;
    const char* message;  ///< on standard error; "" for none
};

const End ends[] = {
    {"exit_0", "\x31\xc0\xe7\xf4"s, 1, "debug-exit", ""},  // out f4h, eax = 0
    {"exit_3", "\xb8\x03\0\0\0\xe7\xf4"s, 7, "debug-exit", ""},
    {"exit_byte", "\xb0\x03\xe6\xf4"s, 7, "debug-exit", ""},  // out f4h, al
    {"reset", "\xba\xf9\x0c\0\0\xb0\x06\xee"s, 0, "reset", ""},
    {"keyboard_reset", "\xb0\xfe\xe6\x64"s, 0, "reset", ""},
    {"power_off", "\xba\x04\x06\0\0\x66\xb8\0\x20\x66\xef"s, 0, "power-off", ""},
    {"triple_fault", "\x0f\x0b"s, 114, "triple-fault", "triple fault: at rip 0x"},
    {"loop", "\xeb\xfe"s, 118, "no-progress", "no progress: the same instruction again for ever"},
    {"pause_loop", "\xf3\x90\xeb\xfc"s, 118, "no-progress", "the same 2 instructions again"},
    {"halt", "\xfa\xf4"s, 116, "halted", "nothing can wake the processor: at rip 0x"},
};

class BootEnd : public ::testing::TestWithParam<End> {};

TEST_P(BootEnd, HasItsStatusAndItsWords) {
    const End& end = GetParam();
    const ScratchDirectory directory;
    const std::string kernel = directory.write("kernel", tiny_kernel(end.code));
    const Outcome outcome = ringfence({"boot", "--kernel", kernel, "--json", "-"});
    EXPECT_EQ(outcome.status, end.status);
    EXPECT_THAT(outcome.error, HasSubstr(end.message));
    EXPECT_EQ(outcome.error.empty(), std::string(end.message).empty()) << outcome.error;
    const auto json = nlohmann::json::parse(outcome.output);
    EXPECT_EQ(json["exit"], end.status);
    EXPECT_EQ(json["end"]["reason"], end.reason);
}

INSTANTIATE_TEST_SUITE_P(Ends, BootEnd, ::testing::ValuesIn(ends),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(BootExitStatus, TheGuestsOwnNumberOnRequest) {
    const ScratchDirectory directory;
    const std::string kernel = directory.write("kernel", tiny_kernel("\xb8\x03\0\0\0\xe7\xf4"s));
    EXPECT_EQ(ringfence({"boot", "--kernel", kernel, "--exit-status", "guest"}).status, 3);
    EXPECT_EQ(ringfence({"boot", "--kernel", kernel, "--exit-status", "qemu"}).status, 7);
}

/// The instructions of a guest that failed, as the JSON has them, and their number in front.
std::vector<std::string> last_of(const std::string& code, std::vector<std::string> options,
                                 int status) {
    const ScratchDirectory directory;
    const std::string kernel = directory.write("kernel", tiny_kernel(code));
    options.insert(options.begin(), {"boot", "--kernel", kernel, "--json", "-"});
    const Outcome outcome = ringfence(options);
    EXPECT_EQ(outcome.status, status) << outcome.error;
    const auto json = nlohmann::json::parse(outcome.output);
    std::vector<std::string> lines;
    for (const std::string line : json["end"].value("last_instructions", nlohmann::json::array())) {
        EXPECT_THAT(outcome.error, HasSubstr("\n  " + line + "\n"));
        lines.push_back(line);
    }
    return lines;
}

TEST(BootLastInstructions, EndWithWhatFailed) {
    // mov eax, 1; mov ecx, 2; ud2
    const std::string code = "\xb8\x01\0\0\0\xb9\x02\0\0\0\x0f\x0b"s;
    EXPECT_THAT(
        last_of(code, {}, 114),
        ElementsAre(MatchesRegex("1 k .* mov eax, 0x01"), MatchesRegex("2 k .* mov ecx, 0x02"),
                    MatchesRegex("3 k .* ud2"), StartsWith("# exception 6 ")));
    EXPECT_THAT(last_of(code, {"--last-instructions", "1"}, 114),
                ElementsAre(MatchesRegex("2 k .* mov ecx, 0x02"), MatchesRegex("3 k .* ud2"),
                            StartsWith("# exception 6 ")));
    EXPECT_THAT(last_of(code, {"--last-instructions", "0"}, 114), ElementsAre());
}

TEST(BootLastInstructions, ShowALoop) {
    // inc eax; jmp: it is never the same
    EXPECT_THAT(
        last_of("\x40\xeb\xfd", {"--no-progress", "5000000", "--last-instructions", "2"}, 118),
        ElementsAre(StartsWith("5000001 k "), StartsWith("5000002 k ")));
    EXPECT_THAT(last_of("\xeb\xfe", {"--last-instructions", "2"}, 118),
                ElementsAre(MatchesRegex(".* jmp .*"), MatchesRegex(".* jmp .*")));
}

TEST(BootExitStatus, LimitsAreToldApart) {
    const ScratchDirectory directory;
    const std::string kernel = directory.write("kernel", tiny_kernel("\xeb\xfe"));
    const Outcome counted =
        ringfence({"boot", "--kernel", kernel, "--max-instructions", "1000000"});
    EXPECT_EQ(counted.status, 124);
    EXPECT_THAT(counted.error, HasSubstr("after 1000000 instructions"));
}

struct Mistake {
    const char* name;
    std::vector<std::string> arguments;  ///< "@NAME" is a file of the test
    const char* message;
};

const Mistake mistakes[] = {
    {"no_kernel", {}, "--kernel or --load is missing"},
    {"missing", {"--kernel", "/nothing"}, "/nothing: no such file"},
    {"directory", {"--kernel", "/"}, "is a directory"},
    {"text", {"--kernel", "@text"}, "not a kernel that can be booted"},
    {"empty", {"--kernel", "@empty"}, "not a kernel that can be booted"},
    {"no_note", {"--kernel", "/bin/busybox"}, "no PVH note"},
    {"no_header", {"--kernel", "@kernel", "--boot", "multiboot"}, "no multiboot header"},
    {"no_bzimage", {"--kernel", "@kernel", "--boot", "bzimage"}, "not a bzImage"},
    {"cut_kernel", {"--kernel", "@cut"}, "truncated?"},
    {"no_such_method", {"--kernel", "@kernel", "--boot", "pvhh"}, "did you mean 'pvh'"},
    {"no_module", {"--kernel", "@kernel", "--module", "/nothing=x"}, "/nothing: no such file"},
    {"program_without_linux", {"--kernel", "@kernel", "--", "/bin/true"}, "is no Linux"},
    {"root_and_initrd",
     {"--kernel", "@kernel", "--initrd", "@text", "--env", "A=1"},
     "--initrd brings a root of its own"},
    {"memory", {"--kernel", "@kernel", "--memory", "0"}, "--memory"},
    {"no_room",
     {"--kernel", "@kernel", "--memory", "2", "--module", "/bin/busybox"},
     "do not fit into 2 MiB"},
    {"unwritable_json", {"--kernel", "@kernel", "--json", "/nothing/x"}, "/nothing/x"},
};

class BootMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(BootMistake, IsOneLineAndStatus255) {
    const ScratchDirectory directory;
    const std::string image = tiny_kernel("\xfa\xf4");
    directory.write("text", "words\n");
    directory.write("empty", "");
    directory.write("kernel", image);
    directory.write("cut", image.substr(0, image.size() - 1));
    std::vector<std::string> arguments = {"boot"};
    for (const std::string& argument : GetParam().arguments) {
        arguments.push_back(argument[0] == '@' ? directory / argument.substr(1) : argument);
    }
    const Outcome outcome = ringfence(arguments);
    EXPECT_EQ(outcome.status, 255);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.error, MatchesRegex("ringfence: [^\n]*\n"));
    EXPECT_THAT(outcome.error, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(Mistakes, BootMistake, ::testing::ValuesIn(mistakes),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace ringfence::end_to_end
