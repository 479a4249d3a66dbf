// SPDX-License-Identifier: MIT
// `ringfence prove` and `inventory`, and --monitor, as a user has them: over the built-in kernel,
// with manifests that say too little, and with files that are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/command.h"
#include "tests/end_to_end/linux_kernel.h"

namespace ringfence::end_to_end {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

const std::vector<std::string> small_program = {"--", "/bin/busybox", "sh", "-c", "ls / | wc -l"};

Outcome with_program(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), small_program.begin(), small_program.end());
    return ringfence(arguments);
}

/// A manifest file of a test's own.
class ManifestFile {
public:
    explicit ManifestFile(const std::string& text) { std::ofstream(path_) << text; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    const std::string path_ = ::testing::TempDir() + "ringfence-" +
                              ::testing::UnitTest::GetInstance()->current_test_info()->name() +
                              ".toml";
};

std::string built_in_manifest() {
    return ringfence({"prove", "--print"}).output;
}

TEST(Prove, TheBuiltInKernelHoldsEveryRule) {
    const Outcome outcome = with_program({"prove", "--quiet", "--strict"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("closed manifest"));
    EXPECT_THAT(outcome.output, Not(HasSubstr("does not hold")));
}

TEST(Prove, SaysWhatTheSharedDesignShows) {
    const Outcome outcome = with_program({"prove", "--quiet", "--design", "shared"});
    EXPECT_EQ(outcome.status, 2) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("does not hold"));
    EXPECT_THAT(outcome.output, HasSubstr("a supervisor page is not in the manifest"));
    EXPECT_THAT(outcome.output, HasSubstr("(ringfence::kernel::")) << "the image, by name";
}

TEST(Prove, GivesTheSameToPrograms) {
    const Outcome outcome = with_program({"prove", "--quiet", "--json", "-"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const Json document = Json::parse(outcome.output);
    EXPECT_EQ(document["schema"], "ringfence.prove/1");
    EXPECT_EQ(document["holds"], true);
    ASSERT_EQ(document["runs"].size(), 2U) << "with PCID, and without";
    for (const Json& run : document["runs"]) {
        EXPECT_EQ(run["violation_count"], 0);
        EXPECT_GT(run["user_entries"], 100);
        EXPECT_GT(run["checks"]["I1"], run["user_entries"]);
        EXPECT_GT(run["checks"]["I11"], 100) << "loads of CR3";
    }
    EXPECT_EQ(with_program({"prove", "--quiet", "--json", "-"}).output, outcome.output);
}

TEST(Prove, AManifestThatListsLessIsBroken) {
    std::string text = built_in_manifest();
    const auto part = text.find("[[part]]\nname = \"NMI stack\"");
    ASSERT_NE(part, text.npos);
    text.erase(part, text.find("[[part]]", part + 1) - part);
    const ManifestFile file(text);
    const Outcome outcome = with_program({"prove", "--quiet", "--manifest", file.path()});
    EXPECT_EQ(outcome.status, 2) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("I1 closed manifest: a supervisor page is not in the "
                                          "manifest"));
    EXPECT_THAT(outcome.output, HasSubstr("0xffffffffff209000"));
}

TEST(Prove, AManifestThatGivesFewerRightsIsBroken) {
    std::string text = built_in_manifest();
    const std::string rights = "rights = \"rw\"\ncontent = \"scratch\"";
    ASSERT_NE(text.find(rights), text.npos);
    text.replace(text.find(rights), rights.size(), "rights = \"r\"\ncontent = \"scratch\"");
    const ManifestFile file(text);
    const Outcome outcome = with_program({"prove", "--quiet", "--manifest", file.path()});
    EXPECT_EQ(outcome.status, 2) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("the manifest's scratch is mapped writable"));
}

/// The first address that a violation of I1 names, as the manifest writes it; empty if there is
/// none.
std::string first_page_found(const std::string& error) {
    const auto rule = error.find("I1 closed manifest");
    const std::string label = "address      ";
    const auto place = error.find(label, rule == error.npos ? error.size() : rule);
    return place == error.npos ? "" : error.substr(place + label.size(), 18);
}

Outcome boot_linux(const std::string& options, const std::string& manifest) {
    std::vector<std::string> arguments = {"boot",         "--quiet",  "--kernel",
                                          linux_kernel(), "--append", "nokaslr " + options,
                                          "--monitor",    manifest};
    arguments.insert(arguments.end(), small_program.begin(), small_program.end());
    return ringfence(arguments);
}

/// The manifest leaves one page out that lies where memory was free: the monitor must find it, and
/// nothing else.
TEST(Prove, WatchesAnUnmodifiedLinux) {
    std::ifstream file(source_file("lab/prove/linux.toml"));
    std::string text{std::istreambuf_iterator<char>(file), {}};
    const ManifestFile without_tss(text);
    const Outcome found = boot_linux("pti=on", without_tss.path());
    ASSERT_EQ(found.status, 2) << found.error;
    const std::string page = first_page_found(found.error);
    ASSERT_THAT(page, testing::StartsWith("0xffff888")) << found.error;
    const ManifestFile whole(
        text + "\n[[part]]\nname = \"cpu_tss_rw\"\nreason = \"the TSS\"\nstart = \"" + page +
        "\"\nend = \"" + page + " + 0x1000\"\nrights = \"rw\"\ncontent = \"other\"\n");
    for (const char* const options : {"pti=on", "pti=on nopcid"}) {
        const Outcome holds = boot_linux(options, whole.path());
        EXPECT_EQ(holds.status, 0) << options << holds.error;
        EXPECT_THAT(holds.error, HasSubstr("monitor: every rule held at"));
    }
    EXPECT_EQ(boot_linux("pti=off", whole.path()).status, 2);
}

struct WrongFile {
    const char* name;
    const char* text;
    const char* message;
};

class WrongManifest : public testing::TestWithParam<WrongFile> {};

TEST_P(WrongManifest, IsRefusedWithItsLine) {
    const std::string path = ::testing::TempDir() + "ringfence-wrong-" + GetParam().name + ".toml";
    std::ofstream(path) << GetParam().text;
    const Outcome outcome = with_program({"prove", "--quiet", "--manifest", path});
    EXPECT_EQ(outcome.status, 255);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.error, HasSubstr(path + ":"));
    EXPECT_THAT(outcome.error, HasSubstr(GetParam().message));
}

#define RF_MANIFEST_HEAD "schema = \"ringfence.manifest/1\"\nname = \"k\"\n"
#define RF_PART(start, end, rights, content)                                      \
    "[[part]]\nname = \"a\"\nreason = \"b\"\nstart = \"" start "\"\nend = \"" end \
    "\"\nrights = \"" rights "\"\ncontent = \"" content "\"\n"

INSTANTIATE_TEST_SUITE_P(
    Each, WrongManifest,
    testing::Values(
        WrongFile{"no_toml", "name = [", "1:"},
        WrongFile{"no_schema", "name = \"k\"\n", "has no 'schema'"},
        WrongFile{"other_schema", "schema = \"other/1\"\nname = \"k\"\n",
                  "schema 'other/1', expected 'ringfence.manifest/1'"},
        WrongFile{"unknown_key", RF_MANIFEST_HEAD "pairbit = 12\n", "unknown key 'pairbit'"},
        WrongFile{"pair_bit", RF_MANIFEST_HEAD "pair_bit = 3\n", "a number from 12 to 51"},
        WrongFile{"part_is_no_table", RF_MANIFEST_HEAD "part = 3\n", "as [[part]]"},
        WrongFile{"symbol", RF_MANIFEST_HEAD RF_PART("__no_such", "0x1000", "r", "other"),
                  "the kernel has no symbol '__no_such'"},
        WrongFile{"order", RF_MANIFEST_HEAD RF_PART("0x2000", "0x1000", "r", "other"),
                  "is not behind 'start'"},
        WrongFile{"pages", RF_MANIFEST_HEAD RF_PART("0x1000", "0x1800", "r", "other"),
                  "not of whole pages"},
        WrongFile{"rights", RF_MANIFEST_HEAD RF_PART("0x1000", "0x2000", "rwx", "other"),
                  "rights 'rwx'"},
        WrongFile{"content", RF_MANIFEST_HEAD RF_PART("0x1000", "0x2000", "r", "ldts"),
                  "content 'ldts'"},
        WrongFile{"align",
                  RF_MANIFEST_HEAD RF_PART("0x1000", "0x2000", "r", "other") "align = 4097\n",
                  "expected a power of two"},
        WrongFile{"overlap",
                  RF_MANIFEST_HEAD RF_PART("0x1000", "0x3000", "r", "other")
                      RF_PART("0x2000", "0x4000", "r", "other"),
                  "overlaps"}),
    [](const auto& info) { return info.param.name; });

TEST(Prove, AMissingManifestIsAnError) {
    const Outcome outcome = with_program({"prove", "--quiet", "--manifest", "/no/such.toml"});
    EXPECT_EQ(outcome.status, 255);
    EXPECT_THAT(outcome.error, HasSubstr("/no/such.toml"));
}

TEST(Prove, NoticesBugsOfThePast) {
    const Outcome outcome =
        ringfence({"prove", "--quiet", "--mutations", "--json", "-", "--mutation",
                   "kernel-image-in-user-table,no-flush-over-owed-flush,pcids-collide,"
                   "user-half-executable,entry-frame-left,cpu-data-beside-tss,"
                   "exit-turns-interrupts-on-early,nmi-stack-unmapped,paranoid-registers-left"});
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    const Json document = Json::parse(outcome.output);
    ASSERT_EQ(document["mutations"].size(), 9U);
    for (const Json& mutation : document["mutations"]) {
        EXPECT_EQ(mutation["caught"], true) << mutation.dump(2);
        EXPECT_EQ(mutation["control"], "") << "silent without it";
    }
}

TEST(Prove, EventsBeforeInstructionsChangeNothing) {
    const Outcome outcome =
        ringfence({"prove", "--quiet", "--inject", "--most", "15", "--json", "-"});
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    const Json document = Json::parse(outcome.output);
    ASSERT_EQ(document["injected"].size(), 3U) << "isolated, without PCID, shared";
    for (const Json& run : document["injected"]) {
        EXPECT_EQ(run["kinds"].size(), 10U);
        for (const Json& kind : run["kinds"]) {
            EXPECT_GT(kind["runs"], 0) << kind["event"];
            EXPECT_EQ(kind["survived"], kind["runs"]) << kind["event"];
        }
    }
}

TEST(Prove, OptionsThatDoNotGoTogetherAreRefused) {
    const Outcome both = ringfence({"prove", "--inject", "--mutations"});
    EXPECT_EQ(both.status, 255);
    EXPECT_THAT(both.error, HasSubstr("--mutations has programs and a manifest of its own"));
    const Outcome alone = ringfence({"prove", "--mutation", "pcids-collide"});
    EXPECT_EQ(alone.status, 255);
    EXPECT_THAT(alone.error, HasSubstr("--mutations is missing"));
    const Outcome unknown = ringfence({"prove", "--mutations", "--mutation", "pcids-colide"});
    EXPECT_EQ(unknown.status, 255);
    EXPECT_THAT(unknown.error, HasSubstr("pcids-collide"));
}

TEST(Inventory, EveryByteHasItsReason) {
    const Outcome outcome = with_program({"inventory", "--quiet", "--json", "-"});
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    const Json document = Json::parse(outcome.output);
    EXPECT_EQ(document["schema"], "ringfence.inventory/1");
    const Json& processes = document["runs"][0]["processes"];
    ASSERT_GE(processes.size(), 3U) << "the shell and its two children";
    for (const Json& process : processes) {
        EXPECT_EQ(process["bytes_outside_manifest"], 0);
        EXPECT_EQ(process["kernel_addresses"], 0);
        u_int64_t bytes = 0;
        for (const Json& page : process["pages"]) {
            bytes += page["bytes"].get<u_int64_t>();
            EXPECT_FALSE(page["reason"].get<std::string>().empty());
        }
        EXPECT_EQ(process["bytes"], bytes);
        EXPECT_LE(bytes, 16 * 4096);
    }
}

TEST(Inventory, IsATableForPeople) {
    const Outcome outcome = with_program({"inventory", "--quiet"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("entry text"));
    EXPECT_THAT(outcome.output, HasSubstr("syscall_isolated"));
    EXPECT_THAT(outcome.output, HasSubstr("0 outside the manifest"));
}

TEST(Inventory, OfTheSharedDesignIsTheWholeKernel) {
    const Outcome outcome = with_program({"inventory", "--quiet", "--design", "shared"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.output, HasSubstr("NOT IN THE MANIFEST"));
}

TEST(MonitorOption, LeavesTheProgramAloneAndSaysWhatItSaw) {
    const Outcome outcome = with_program({"run", "--monitor"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_EQ(outcome.output, with_program({"run"}).output);
    EXPECT_THAT(outcome.error, HasSubstr("monitor: every rule held at"));
    const Outcome shared = with_program({"run", "--monitor", "--design", "shared"});
    EXPECT_EQ(shared.status, 125);
    EXPECT_EQ(shared.output, outcome.output);
    EXPECT_THAT(shared.error, HasSubstr("isolation does not hold"));
}

TEST(MonitorOption, OfCompareCostsTheGuestNothing) {
    const Outcome watched = with_program({"compare", "--quiet", "--monitor", "--json", "-"});
    ASSERT_EQ(watched.status, 0) << watched.error;
    const Outcome alone = with_program({"compare", "--quiet", "--json", "-"});
    Json with = Json::parse(watched.output);
    const Json without = Json::parse(alone.output);
    EXPECT_FALSE(with["runs"][0].contains("entries_watched")) << "the shared design";
    EXPECT_GT(with["runs"][1]["entries_watched"], 100);
    for (Json& run : with["runs"]) {
        run.erase("entries_watched");
    }
    EXPECT_EQ(with, without);
}

TEST(MonitorOption, IsRefusedWhereItCannotLook) {
    const Outcome outcome = with_program({"run", "--monitor", "--machine", "qemu"});
    EXPECT_EQ(outcome.status, 125);
    EXPECT_THAT(outcome.error, HasSubstr("--monitor: of the built-in machine only"));
}

}  // namespace
}  // namespace ringfence::end_to_end
