// SPDX-License-Identifier: MIT
// Runs a guest in a child process, qemu-system-x86_64. The four serial ports are socket pairs and
// the archive is an anonymous memory file, so that nothing is left behind however the run ends.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "abi/ports.h"
#include "lab/error.h"
#include "lab/machine/backend.h"

namespace ringfence::lab::machine {

namespace {

constexpr const char* program = "qemu-system-x86_64";
constexpr int exit_not_executed = 127;

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() { reset(); }

    void reset() {
        if (number_ >= 0) {
            close(std::exchange(number_, -1));
        }
    }
    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool open() const { return number_ >= 0; }

private:
    int number_ = -1;
};

[[noreturn]] void fail_call(const char* call) {
    fail(Failure::Own, "QEMU cannot be started: {}: {}", call, std::strerror(errno));
}

/// One end for us, one for QEMU.
struct Channel {
    Descriptor ours;
    Descriptor theirs;
};

Channel make_channel() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        fail_call("socketpair");
    }
    return Channel{Descriptor(ends[0]), Descriptor(ends[1])};
}

Descriptor memory_file(std::string_view bytes) {
    Descriptor file(memfd_create("ringfence-initramfs", MFD_CLOEXEC));
    if (!file.open()) {
        fail_call("memfd_create");
    }
    while (!bytes.empty()) {
        const ssize_t written = write(file.number(), bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            fail_call("write");
        }
        bytes.remove_prefix(static_cast<usize>(std::max<ssize_t>(written, 0)));
    }
    return file;
}

class QemuProcess {
public:
    explicit QemuProcess(const MachineRequest& request)
        : initramfs_(memory_file(request.initramfs)), messages_(make_channel()) {
        for (Channel& channel : ports_) {
            channel = make_channel();
        }
        start(arguments(request));
        initramfs_.reset();
        messages_.theirs.reset();
        for (Channel& channel : ports_) {
            channel.theirs.reset();
        }
    }
    QemuProcess(const QemuProcess&) = delete;
    QemuProcess& operator=(const QemuProcess&) = delete;
    ~QemuProcess() {
        if (child_ > 0) {
            kill(child_, SIGKILL);
            static_cast<void>(wait());
        }
    }

    [[nodiscard]] int port(Port port) const {
        return ports_[static_cast<usize>(port)].ours.number();
    }
    [[nodiscard]] int messages() const { return messages_.ours.number(); }
    void stop() const { kill(child_, SIGKILL); }

    /// Waits for the end; the status as of waitpid.
    int wait() {
        int status = 0;
        while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
        }
        child_ = -1;
        return status;
    }

private:
    [[nodiscard]] std::vector<std::string> arguments(const MachineRequest& request) const {
        std::vector<std::string> list = {
            program,
            "-M",
            "pc",
            "-accel",
            "tcg",
            "-cpu",
            "max",
            "-m",
            fmt::format("{}M", request.memory_mib),
            "-display",
            "none",
            "-no-reboot",
            "-nodefaults",
            "-no-user-config",
            "-kernel",
            request.kernel->path(),
            "-initrd",
            fmt::format("/proc/self/fd/{}", initramfs_.number()),
            "-append",
            request.command_line,
            "-device",
            fmt::format("isa-debug-exit,iobase={:#x},iosize=4", abi::debug_exit_port)};
        for (usize i = 0; i < ports_.size(); ++i) {
            const int number = ports_[i].theirs.number();
            list.insert(list.end(), {"-chardev", fmt::format("socket,id=port{},fd={}", i, number),
                                     "-serial", fmt::format("chardev:port{}", i)});
        }
        if (request.repeatable) {
            list.insert(list.end(), {"-icount", "shift=0,sleep=off", "-rtc",
                                     "base=2024-01-01T00:00:00,clock=vm"});
        }
        return list;
    }

    void start(const std::vector<std::string>& list) {
        std::vector<char*> argv;
        for (const std::string& argument : list) {
            argv.push_back(const_cast<char*>(argument.c_str()));
        }
        argv.push_back(nullptr);
        const pid_t parent = getpid();
        child_ = fork();
        if (child_ < 0) {
            fail_call("fork");
        }
        if (child_ == 0) {
            become_qemu(argv.data(), parent);
        }
    }

    /// In the child, between fork and exec: only calls that are safe there. Ctrl-C must not reach
    /// QEMU before us, and QEMU must not outlive us.
    [[noreturn]] void become_qemu(char* const* argv, pid_t parent) const {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        const int nothing = ::open("/dev/null", O_RDWR);
        if (getppid() != parent || nothing < 0) {
            _exit(exit_not_executed);
        }
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        dup2(messages_.theirs.number(), STDERR_FILENO);
        keep_open(initramfs_.number());
        for (const Channel& channel : ports_) {
            keep_open(channel.theirs.number());
        }
        execvp(argv[0], argv);
        constexpr std::string_view absent =
            "not found: install Debian's package qemu-system-x86, or use --machine builtin";
        const std::string_view text = errno == ENOENT ? absent : "cannot be executed";
        [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
        _exit(exit_not_executed);
    }

    static void keep_open(int descriptor) { fcntl(descriptor, F_SETFD, 0); }

    Descriptor initramfs_;
    Channel messages_;
    std::array<Channel, port_count> ports_;
    pid_t child_ = -1;
};

/// Moves bytes between a QEMU process and a session until QEMU closes its ends.
class Pump {
public:
    /// `terminal` may be null.
    Pump(const QemuProcess& qemu, GuestSession& session, const StopRequest& stop,
         TerminalLink* terminal)
        : qemu_(qemu), session_(session), stop_(stop), terminal_(terminal) {
        for (usize i = 0; i < port_count; ++i) {
            waits_[i] = {qemu.port(static_cast<Port>(i)), POLLIN, 0};
        }
        waits_[messages_slot] = {qemu.messages(), POLLIN, 0};
        waits_[stop_slot] = {stop.descriptor(), POLLIN, 0};
        waits_[terminal_slot] = {-1, POLLIN, 0};
    }

    /// True when QEMU ended by itself, false when it was stopped.
    bool run() {
        while (open_ > 0) {
            if (poll(waits_.data(), waits_.size(), look_at_terminal()) < 0 && errno != EINTR) {
                fail_call("poll");
            }
            if (waits_[stop_slot].revents != 0 || stop_.requested()) {
                qemu_.stop();
                return false;
            }
            for (usize i = 0; i < stop_slot; ++i) {
                if (waits_[i].revents != 0 && !move(i)) {
                    qemu_.stop();
                    return false;
                }
            }
        }
        return true;
    }

    /// What QEMU said on its standard error, without the final newline.
    [[nodiscard]] std::string messages() const {
        const usize last = messages_.find_last_not_of('\n');
        return last == std::string::npos ? std::string() : messages_.substr(0, last + 1);
    }

private:
    static constexpr usize messages_slot = port_count;
    static constexpr usize stop_slot = port_count + 1;
    static constexpr usize terminal_slot = port_count + 2;

    bool move(usize slot) {
        std::array<char, 1 << 16> buffer;
        const ssize_t got = read(waits_[slot].fd, buffer.data(), buffer.size());
        if (got <= 0) {
            if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
                waits_[slot].fd = -1;
                --open_;
            }
            return true;
        }
        const std::string_view bytes(buffer.data(), static_cast<usize>(got));
        if (slot == messages_slot) {
            messages_ += bytes;
            return true;
        }
        if (!session_.receive(static_cast<Port>(slot), bytes)) {
            return false;
        }
        return answer();
    }

    bool answer() {
        const std::string bytes = session_.take_answer();
        std::string_view rest = bytes;
        while (!rest.empty()) {
            const ssize_t sent =
                send(qemu_.port(Port::Control), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno != EINTR) {
                return true;  // QEMU has ended; its ports will say so
            }
            rest.remove_prefix(static_cast<usize>(std::max<ssize_t>(sent, 0)));
        }
        return true;
    }

    /// Sends what was typed, as far as QEMU takes it, and the terminal's size. For how many
    /// milliseconds nobody need look again.
    int look_at_terminal() {
        constexpr int between_looks = 50;
        if (terminal_ == nullptr) {
            return -1;
        }
        typed_ += terminal_->take_typed();
        waits_[terminal_slot].fd = terminal_->descriptor();
        const ssize_t sent = send(qemu_.port(Port::ProgramOutput), typed_.data(), typed_.size(),
                                  MSG_NOSIGNAL | MSG_DONTWAIT);
        typed_.erase(0, static_cast<usize>(std::max<ssize_t>(sent, 0)));
        if (const auto size = terminal_->take_new_size()) {
            session_.tell_window_size(*size);
            answer();
        }
        return between_looks;
    }

    const QemuProcess& qemu_;
    GuestSession& session_;
    const StopRequest& stop_;
    TerminalLink* terminal_;
    std::string typed_;  ///< and not sent yet
    std::array<pollfd, port_count + 3> waits_{};
    usize open_ = port_count + 1;
    std::string messages_;
};

/// isa-debug-exit turns a written value V into the exit status (V << 1) | 1.
constexpr int status_of(abi::MachineExit exit) {
    return static_cast<int>(exit) * 2 + 1;
}

MachineOutcome outcome_of(int status, const std::string& messages) {
    if (WIFEXITED(status)) {
        const int code = WEXITSTATUS(status);
        if (code == status_of(abi::MachineExit::Finished)) {
            return {MachineEnd::Finished};
        }
        if (code == status_of(abi::MachineExit::KernelPanic)) {
            return {MachineEnd::KernelPanic, "the kernel stopped itself"};
        }
        if (code == 0) {
            return {MachineEnd::TripleFault, "the processor shut down (triple fault)"};
        }
        return {MachineEnd::Broken, messages.empty()
                                        ? fmt::format("{} ended with status {}", program, code)
                                        : fmt::format("{}: {}", program, messages)};
    }
    return {MachineEnd::Broken,
            fmt::format("{} was killed by signal {}", program, WTERMSIG(status))};
}

class QemuBackend : public MachineBackend {
public:
    /// QEMU's translator has no PCID.
    [[nodiscard]] bool has_pcid(const std::string& /*cpu*/) const override { return false; }
    [[nodiscard]] std::optional<u64> clock_hz(const std::string& /*cpu*/) const override {
        return {};
    }

    [[nodiscard]] MachineOutcome run(const MachineRequest& request, GuestSession& session,
                                     StopRequest& stop) override {
        if (!request.trace_file.empty() || request.most_instructions != 0) {
            fail(Failure::Usage,
                 "--trace and --max-instructions need the built-in machine: QEMU cannot do them");
        }
        QemuProcess qemu(request);
        Pump pump(qemu, session, stop, request.terminal);
        const bool ended = pump.run();
        const int status = qemu.wait();
        if (!ended) {
            return {stop.requested() ? MachineEnd::Stopped : MachineEnd::Broken, {}};
        }
        return outcome_of(status, pump.messages());
    }
};

}  // namespace

std::unique_ptr<MachineBackend> make_qemu_backend() {
    return std::make_unique<QemuBackend>();
}

}  // namespace ringfence::lab::machine
