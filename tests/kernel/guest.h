// SPDX-License-Identifier: MIT
// Runs a program on the kernel in the built-in machine, with an observer of the test's own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lab/machine/guest_session.h"
#include "lab/machine/kernel_image.h"
#include "sim/machine/machine.h"

namespace ringfence::kernel_tests {

struct GuestOptions {
    std::string cpu = "skylake-sp";
    std::string command_line;
    std::vector<std::string> program;  ///< host path first
    bool strict_tlb = false;
};

/// One run. The kernel image and the session stay readable afterwards.
class Guest {
public:
    /// `observer` may be null; it is told of the machine before the run by `attach`.
    Guest(const GuestOptions& options, sim::observe::Observer* observer);

    [[nodiscard]] sim::machine::Machine& machine() { return *machine_; }
    [[nodiscard]] const lab::machine::KernelImage& kernel() const { return kernel_; }
    [[nodiscard]] const lab::machine::GuestReport& report() const { return session_.report(); }
    [[nodiscard]] const std::string& output() const { return streams_.output; }

    sim::machine::MachineEnd run() { return machine_->run(); }
    /// Goes on with a machine that is made of `snapshot`. The host's side of the serial lines stays
    /// as it is.
    void resume(const sim::machine::Snapshot& snapshot);

private:
    /// One UART's two directions.
    class Line final : public sim::memory::ByteSink, public sim::memory::ByteSource {
    public:
        Line(lab::machine::GuestSession& session, lab::machine::Port port)
            : session_(session), port_(port) {}
        void put(u8 byte) override;
        bool available() override;
        u8 take() override;

    private:
        lab::machine::GuestSession& session_;
        lab::machine::Port port_;
        std::string answer_;
    };

    lab::machine::KernelImage kernel_;
    lab::machine::CapturedStreams streams_{{}};
    lab::machine::GuestSession session_{streams_};
    std::vector<std::unique_ptr<Line>> lines_;
    sim::observe::Observer* observer_;
    bool strict_tlb_;
    std::unique_ptr<sim::machine::Machine> machine_;
};

/// What an ELF file loads at the virtual addresses [address, address + size); empty unless one
/// segment holds all of it.
std::string_view loaded_bytes(std::string_view elf, u64 address, u64 size);

}  // namespace ringfence::kernel_tests
