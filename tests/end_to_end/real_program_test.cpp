// SPDX-License-Identifier: MIT
// Programs from Debian's packages, unmodified, behave in the guest as on this host: standard
// output, standard error and exit status are the same, byte for byte, in both designs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/end_to_end/command.h"
#include "tests/end_to_end/needs.h"
#include "tests/end_to_end/setups.h"

namespace ringfence::end_to_end {
namespace {

/// What a program needs in the guest beside itself and its libraries, host paths.
using Files = std::vector<std::string>;

struct RealProgram {
    const char* name;
    std::vector<std::string> command;
    Files files{};
    std::string input{};
    Needs needs = Needs::Nothing;
};

/// Lines of words and numbers, the same at each call.
std::string text_input() {
    constexpr unsigned lines = 2000;
    constexpr unsigned multiplier = 1103515245;
    constexpr unsigned increment = 12345;
    std::string text;
    unsigned state = 1;
    for (unsigned i = 0; i < lines; ++i) {
        state = state * multiplier + increment;
        text += "word" + std::to_string(state / 65536 % 300) + " " + std::to_string(state % 100000);
        text += '\n';
    }
    return text;
}

/// The last of a directory's entries whose name begins so: packages put their version into paths.
std::string newest_in(const std::string& directory, const std::string& beginning) {
    std::string found = directory + "/" + beginning;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        if (entry.path().filename().string().starts_with(beginning)) {
            found = std::max(found, entry.path().string());
        }
    }
    return found;
}

std::string workload(const std::string& name) {
    return source_file("guest/workloads/" + name);
}

std::string contents(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// `interpreter SCRIPT` with what the script uses.
RealProgram script(const char* name, const std::string& interpreter, const std::string& file,
                   Files files, Needs needs = Needs::Nothing) {
    files.push_back(workload(file));
    return {name, {interpreter, workload(file)}, std::move(files), {}, needs};
}

std::vector<RealProgram> make_programs() {
    const std::string python = "/usr/bin/python3";
    const std::string libraries = "/usr/lib/x86_64-linux-gnu";
    const std::string library = newest_in("/usr/lib", "python3.");
    const std::string compiler = newest_in("/usr/lib/gcc/x86_64-linux-gnu", "");
    const std::string text = text_input();
    return {
        {"sqlite_memory", {"/usr/bin/sqlite3", ":memory:"}, {}, contents(workload("database.sql"))},
        {"sqlite_file",
         {"/bin/dash", "-c",
          "f=/tmp/ringfence.$$.db; sqlite3 $f; sqlite3 $f 'select max(a) from t; vacuum;';"
          "rm $f; ls $f 2>/dev/null"},
         {"/usr/bin/sqlite3", "/bin/rm", "/bin/ls"},
         contents(workload("database.sql"))},
        {"python_error", {python, "-c", "print(1/0)"}, {library}},
        script("python_modules", python, "python_modules.py", {library}),
        script("python_threads", python, "python_threads.py", {library}),
        script("python_processes", python, "python_processes.py",
               {library, "/bin/sh", "/bin/echo"}),
        script("python_selectors", python, "python_selectors.py", {library}),
        script("python_terminals", python, "python_terminals.py",
               {library, "/bin/bash", "/bin/sh", "/bin/sleep"}),
        {"script",
         {"/usr/bin/script", "-qec", "echo hi; test -t 0 && stty -a; exit 3", "/dev/null"},
         {"/bin/sh", "/bin/stty"}},
        {"gzip", {"/bin/gzip", "-9"}, {}, text},
        {"gzip_bad_input", {"/bin/gzip", "-d"}, {}, text},
        {"xz", {"/usr/bin/xz", "-3"}, {}, text},
        {"xz_threads", {"/usr/bin/xz", "-1", "-T2", "--block-size=8192"}, {}, text},
        {"zstd", {"/usr/bin/zstd", "-q"}, {}, text},
        {"zstd_threads", {"/usr/bin/zstd", "-q", "-T2"}, {}, text},
        {"openssl_digest", {"/usr/bin/openssl", "dgst", "-sha256"}, {}, text},
        {"openssl_cipher",
         {"/usr/bin/openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-iter", "50", "-S",
          "0102030405060708", "-k", "secret"},
         {},
         text},
        script("bash", "/bin/bash", "bash.sh",
               {"/usr/bin/tr", "/bin/cat", "/usr/bin/sort", "/usr/bin/paste", "/usr/bin/seq"}),
        script("dash", "/bin/dash", "dash.sh", {"/bin/sleep"}),
        script("perl", "/usr/bin/perl", "perl.pl", {}),
        script("network", "/bin/busybox", "network.sh",
               {"/bin/busybox", "/bin/mkdir", "/bin/rm", "/bin/sleep"}),
        script("redis", "/bin/busybox", "redis.sh",
               {"/usr/bin/redis-server", "/usr/bin/redis-cli", "/usr/bin/redis-benchmark",
                "/bin/sed", "/bin/mkdir", "/bin/rm", "/bin/sleep"}),
        script("nginx", "/bin/busybox", "nginx.sh",
               {"/usr/sbin/nginx", "/usr/bin/curl", "/bin/busybox", "/bin/mkdir", "/bin/cat",
                "/bin/rm", "/bin/sleep", "/etc/passwd", "/etc/group"}),
        script("iperf3", "/bin/busybox", "iperf3.sh",
               {"/usr/bin/iperf3", "/bin/busybox", "/bin/sleep"}),
        script("python_http", "/bin/busybox", "python_http.sh",
               {python, library, "/bin/busybox", "/bin/mkdir", "/bin/rm", "/bin/sleep"}),
        script("inet6_servers", "/bin/busybox", "inet6_servers.sh",
               {"/usr/sbin/nginx", "/usr/bin/curl", "/usr/bin/redis-server", "/usr/bin/redis-cli",
                python, library, "/usr/bin/socat", "/bin/sh", "/bin/busybox", "/bin/mkdir",
                "/bin/cat", "/bin/rm", "/bin/sleep", "/etc/passwd", "/etc/group", "/etc/hosts"},
               Needs::Inet6),
        {"ip_addresses", {"/usr/sbin/ip", "addr", "show", "lo"}, {}, {}, Needs::Inet6},
        {"ip_routes", {"/usr/sbin/ip", "route", "show", "table", "local", "dev", "lo"}},
        {"ip_route_to", {"/usr/sbin/ip", "route", "get", "127.0.0.1"}},
        {"ip_no_link", {"/usr/sbin/ip", "link", "show", "none0"}},
        {"python_interfaces",
         {python, "-c",
          "import socket; print(socket.if_nameindex()[0], socket.if_nametoindex('lo'))"},
         {library}},
        script("strace", "/bin/dash", "strace.sh",
               {"/usr/bin/strace", "/bin/sed", "/bin/echo", "/bin/true"}, Needs::Tracing),
        {"gdb",
         {"/bin/dash", workload("gdb.sh"), guest_program("debugged")},
         {workload("gdb.sh"), guest_program("debugged"), "/usr/bin/gdb", "/usr/share/gdb", library,
          "/bin/sh", "/bin/sed", libraries + "/libthread_db.so.1", libraries + "/gconv"},
         {},
         Needs::Debugging},
        {"ls", {"/bin/ls", "-lan", "--time-style=+%s", "/bin/busybox"}, {"/bin/busybox"}},
        {"find", {"/usr/bin/find", library + "/json", "-name", "*.py", "-size", "+8k"}, {library}},
        {"sort", {"/usr/bin/sort", "-k1,1", "-k2n"}, {}, text},
        {"sha256sum", {"/usr/bin/sha256sum"}, {}, text},
        {"awk", {"/usr/bin/awk", "{s[$1]+=$2} END {for (k in s) print k, s[k]}"}, {}, text},
        {"sed", {"/bin/sed", "-n", "s/word\\([0-9]*\\)/<\\1>/p;20q"}, {}, text},
        {"grep", {"/bin/grep", "-nE", "word4[0-9] .*7$"}, {}, text},
        {"stress_pipe", {"/usr/bin/stress-ng", "-q", "--pipe", "1", "--pipe-ops", "200"}},
        {"stress_fork", {"/usr/bin/stress-ng", "-q", "--fork", "1", "--fork-ops", "20"}},
        {"stress_fault", {"/usr/bin/stress-ng", "-q", "--fault", "1", "--fault-ops", "100"}},
        {"stress_switch", {"/usr/bin/stress-ng", "-q", "--switch", "1", "--switch-ops", "500"}},
        {"compiler",
         {compiler + "/cc1", "-quiet", "-O2", workload("compiled.c"), "-o", "-"},
         {compiler + "/include", workload("compiled.c")}},
    };
}

const std::vector<RealProgram>& programs() {
    static const std::vector<RealProgram> list = make_programs();
    return list;
}

class RealProgramInGuest : public ::testing::TestWithParam<std::tuple<size_t, std::string>> {};

TEST_P(RealProgramInGuest, BehavesAsOnTheHost) {
    const RealProgram& program = programs()[std::get<0>(GetParam())];
    Files needed = program.files;
    needed.push_back(program.command.front());
    for (const std::string& path : needed) {
        if (access(path.c_str(), F_OK) != 0) {
            GTEST_SKIP() << path << " is not on this host: './dev test' installs its package";
        }
    }
    const Place place = {"", {"--design", std::get<1>(GetParam())}};
    if (const std::string_view why = obstacle(program.needs, place); !why.empty()) {
        GTEST_SKIP() << why;
    }
    std::vector<std::string> options = {"--memory", "512", "--quiet"};
    for (const std::string& path : program.files) {
        options.insert(options.end(), {"--file", path});
    }
    const Outcome expected = on_host(program.command, {.input = program.input});
    const Outcome actual =
        ringfence(run_arguments(place, options, program.command), {.input = program.input});
    EXPECT_EQ(actual.status, expected.status);
    EXPECT_EQ(actual.output, expected.output);
    EXPECT_EQ(actual.error, expected.error);
}

INSTANTIATE_TEST_SUITE_P(BothDesigns, RealProgramInGuest,
                         ::testing::Combine(::testing::Range(size_t{0}, programs().size()),
                                            ::testing::Values(std::string("shared"),
                                                              std::string("isolated"))),
                         [](const ::testing::TestParamInfo<std::tuple<size_t, std::string>>& info) {
                             return std::get<1>(info.param) + "_" +
                                    programs()[std::get<0>(info.param)].name;
                         });

}  // namespace
}  // namespace ringfence::end_to_end
