// SPDX-License-Identifier: MIT
#include "lab/relational/moment.h"

#include <fmt/format.h>

#include <cstring>

#include "lab/error.h"
#include "lab/guest_run.h"
#include "lab/machine/builtin_config.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::relational {

namespace {

using sim::machine::DebugRegisters;
using sim::machine::Machine;
using Reason = sim::machine::MachineEnd::Reason;

/// kernel::planted_secret(), by whose answer the kernel tells the place.
constexpr const char* telling_function = "_ZN9ringfence6kernel14planted_secretEv";
constexpr u64 getrandom_number = 318;
/// In DebugRegisters::general.
enum General : u8 { Rax, Rcx, Rdx, Rsp = 4, Rsi = 6, Rdi };

/// Pauses the machine behind each SYSCALL.
class SyscallStop final : public sim::observe::Observer {
public:
    void arm(Machine& machine) { machine_ = &machine; }
    void syscall(VirtualAddress) override {
        if (machine_ != nullptr) {
            machine_->pause();
        }
    }

private:
    Machine* machine_ = nullptr;
};

/// A machine that is run from stop to stop.
class Search {
public:
    Search(Machine& machine, usize bytes) : machine_(machine), bytes_(bytes) {}

    /// False when the guest has ended instead.
    [[nodiscard]] bool run() {
        end_ = machine_.run();
        return end_.reason == Reason::Paused;
    }
    [[nodiscard]] bool run_to(VirtualAddress address) {
        machine_.stop_at({address});
        const bool there = run();
        machine_.stop_at({});
        return there;
    }
    /// Runs to the end of a function that has just been called.
    [[nodiscard]] bool finish_function() {
        std::array<u8, sizeof(u64)> bytes{};
        const VirtualAddress top{registers().general[Rsp]};
        if (!machine_.debug_view().read(top, bytes)) {
            fail(Failure::Own, "the kernel's stack cannot be read at {:#x}", top.value());
        }
        u64 back = 0;
        std::memcpy(&back, bytes.data(), sizeof back);
        return run_to(VirtualAddress{back});
    }
    [[nodiscard]] DebugRegisters registers() const { return machine_.debug_view().registers(); }
    [[nodiscard]] const sim::machine::MachineEnd& end() const { return end_; }

    [[nodiscard]] Moment moment_of(u64 address) const {
        const VirtualAddress first{address};
        std::string content(bytes_, '\0');
        const std::span<u8> out(reinterpret_cast<u8*>(content.data()), content.size());
        auto snapshot = machine_.capture();
        if (!machine_.debug_view().read(first, out) || !snapshot.ok()) {
            fail(Failure::Own, "{} bytes at {:#x}: {}", bytes_, address,
                 snapshot.ok() ? "not all of it is memory" : snapshot.error());
        }
        return {std::move(snapshot).value(), {first, first + bytes_}, std::move(content)};
    }

private:
    Machine& machine_;
    usize bytes_;
    sim::machine::MachineEnd end_{};
};

bool find_secret(Search& search, VirtualAddress function, usize bytes, Moments& moments) {
    while (search.run_to(function) && search.finish_function()) {
        const DebugRegisters registers = search.registers();
        if (registers.general[Rdx] == bytes) {
            moments.secret = search.moment_of(registers.general[Rax]);
            return true;
        }
    }
    return false;
}

bool find_own(Search& search, usize bytes, Moments& moments) {
    while (search.run()) {
        const DebugRegisters called = search.registers();
        if (called.general[Rax] == getrandom_number && called.general[Rsi] == bytes) {
            if (!search.run_to(VirtualAddress{called.general[Rcx]})) {
                return false;
            }
            moments.own = search.moment_of(called.general[Rdi]);
            return true;
        }
    }
    return false;
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

}  // namespace

Moments find_moments(const machine::MachineRequest& request, const sim::presets::CpuModel& cpu,
                     usize bytes, machine::StopRequest& stop) {
    const auto function = request.kernel->symbols().address_of(telling_function);
    if (!function) {
        fail(Failure::Own, "the kernel image: {}: has no symbol {}", request.kernel->path(),
             telling_function);
    }
    machine::CapturedStreams streams({});
    machine::GuestSession session(streams);
    machine::SerialLines lines(session,
                               [&stop] { stop.request(machine::StopReason::GuestFailed); });
    SyscallStop syscalls;
    sim::machine::MachineConfig config = machine::make_config(request, cpu, lines, stop);
    config.observers.push_back(&syscalls);
    auto made = Machine::create(std::move(config));
    if (!made.ok()) {
        fail(Failure::Own, "{}", made.error());
    }
    Machine& machine = *made.value();
    Search search(machine, bytes);
    Moments moments;
    bool found = find_secret(search, *function, bytes, moments);
    if (found) {
        syscalls.arm(machine);
        found = find_own(search, bytes, moments);
    }
    moments.stopped = search.end().reason == Reason::Stopped;
    if (!found && !moments.stopped) {
        const std::string said = first_line(streams.error);
        moments.obstacle =
            !said.empty() ? said
            : moments.secret
                ? std::string("the attack filled no buffer of its own, so there is no control")
                : std::string("the attack did not ask where the secret lies");
    }
    return moments;
}

}  // namespace ringfence::lab::relational
