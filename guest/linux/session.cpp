// SPDX-License-Identifier: MIT
// The first process of a Linux whose programs are measured: says when it is ready, takes a program
// from the host, runs it between two marks, and gives back what it wrote and how it ended.
// abi/linux_session.h has the order of things, which the host relies on.
//
// The program's output goes to files: what a console costs is no program's business.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "abi/boot_files.h"
#include "abi/linux_session.h"
#include "guest/linux/host_ports.h"
#include "guest/linux/kernel_secret.h"
#include "guest/linux/program_source.h"
#include "guest/linux/start_files.h"

namespace {

using namespace linux_guest;
namespace abi = ringfence::abi;
namespace session = ringfence::abi::linux_session;

constexpr const char* output_path = "/.ringfence/output";
constexpr const char* error_path = "/.ringfence/error";
constexpr const char* meltdown_path = "/sys/devices/system/cpu/vulnerabilities/meltdown";
constexpr auto cannot_go_on = static_cast<unsigned>(abi::MachineExit::KernelPanic);

Start start;

/// Makes `path` what the descriptor `standard` stands for.
void redirect(const char* path, int flags, int standard) {
    const int file = open(path, flags, S_IRUSR | S_IWUSR);
    if (file < 0 || dup2(file, standard) < 0) {
        complain(path);
        end_machine(cannot_go_on);
    }
    close(file);
}

/// The child: `failure` is shared with its parent.
[[noreturn]] void run_program(volatile std::uint32_t* failure) {
    setsid();
    const char* const input = exists(abi::boot_files::input) ? abi::boot_files::input : "/dev/null";
    redirect(input, O_RDONLY, STDIN_FILENO);
    redirect(output_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, STDOUT_FILENO);
    redirect(error_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, STDERR_FILENO);
    mark(abi::ProgramMark::Starts);
    start.execute();
    *failure = static_cast<std::uint32_t>(errno);
    _exit(0);
}

/// Waits for the program, and for nothing else: whatever it leaves behind goes with the machine.
int wait_for(pid_t program) {
    int how = 0;
    while (waitpid(program, &how, 0) != program) {
    }
    mark_and_keep_ports(abi::ProgramMark::Ended);
    return how;
}

std::uint64_t size_of(const char* path) {
    struct stat status{};
    return stat(path, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

void send_file(const char* path, std::uint64_t bytes) {
    static char buffer[1 << 16];
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    for (std::uint64_t left = bytes; left != 0;) {
        const std::size_t wanted = left < sizeof buffer ? left : sizeof buffer;
        const ssize_t got = read(file, buffer, wanted);
        if (got <= 0) {
            complain(path);
            end_machine(cannot_go_on);
        }
        send(buffer, static_cast<std::size_t>(got));
        left -= static_cast<std::uint64_t>(got);
    }
    close(file);
}

/// Whether /proc/cpuinfo has `flag` among the processor's.
bool has_cpu_flag(const char* flag) {
    static char line[1 << 14];
    std::FILE* const file = std::fopen("/proc/cpuinfo", "re");
    bool found = false;
    while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
        if (std::strncmp(line, "flags", 5) != 0) {
            continue;
        }
        for (const char* word = std::strtok(line, " \t\n"); word != nullptr;
             word = std::strtok(nullptr, " \t\n")) {
            found = found || std::strcmp(word, flag) == 0;
        }
        break;
    }
    if (file != nullptr) {
        std::fclose(file);
    }
    return found;
}

void send_result(int how, std::uint32_t failure) {
    session::Result result{};
    result.exit_code = WIFEXITED(how) ? static_cast<std::uint32_t>(WEXITSTATUS(how)) : 0;
    result.signal = WIFSIGNALED(how) ? static_cast<std::uint32_t>(WTERMSIG(how)) : 0;
    result.failure = failure;
    result.isolated = has_cpu_flag("pti") ? 1 : 0;
    result.pcid = has_cpu_flag("pcid") ? 1 : 0;
    result.output_bytes = size_of(output_path);
    result.error_bytes = size_of(error_path);
    if (std::FILE* const file = std::fopen(meltdown_path, "re"); file != nullptr) {
        if (std::fgets(result.meltdown, sizeof result.meltdown, file) != nullptr) {
            result.meltdown[std::strcspn(result.meltdown, "\n")] = '\0';
        }
        std::fclose(file);
    }
    send(&result, sizeof result);
    send_file(output_path, result.output_bytes);
    send_file(error_path, result.error_bytes);
}

}  // namespace

int main() {
    mount_kernels_own();
    bring_up_loopback();
    bool took = false;
    if (!take_program(&took) || !took || !start.read() || !plant_secret()) {
        end_machine(cannot_go_on);
    }
    void* const shared = mmap(nullptr, sizeof(std::uint32_t), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* const failure = static_cast<volatile std::uint32_t*>(shared);
    const pid_t program = fork();
    if (program == 0) {
        run_program(failure);
    }
    const int how = wait_for(program);
    send_result(how, *failure);
    end_machine(static_cast<unsigned>(abi::MachineExit::Finished));
}
