// SPDX-License-Identifier: MIT
#include "bench/whole_run.h"

#include <chrono>
#include <stdexcept>

#include "lab/guest_run.h"
#include "lab/machine/backend.h"
#include "lab/pack/guest_image.h"

namespace ringfence::bench {

namespace {

using lab::machine::GuestSession;
using lab::machine::KernelImage;
using lab::machine::MachineEnd;
using lab::machine::MachineKind;

constexpr const char* qemu = "qemu-system-x86_64 -accel tcg -icount shift=0";

struct TimedRun {
    double seconds;
    u64 instructions;  ///< 0 where the machine does not count
};

lab::pack::GuestImage pack(std::vector<std::string> command, std::vector<std::string> files) {
    return lab::pack::pack_guest(
        {.roots = {}, .files = std::move(files), .environment = {}, .command = std::move(command)});
}

enum class Engine { Fast, Timed };

TimedRun run(MachineKind kind, const KernelImage& kernel, const lab::pack::GuestImage& guest,
             Engine engine = Engine::Fast) {
    const auto backend = lab::make_backend(kind);
    lab::machine::CapturedStreams streams{{}};
    lab::machine::StopRequest stop;
    GuestSession session(streams);
    const auto start = std::chrono::steady_clock::now();
    const auto outcome = backend->run(
        {.kernel = &kernel,
         .initramfs = guest.initramfs,
         .command_line = lab::kernel_command_line(lab::Design::Isolated, lab::Pcid::Forbidden),
         .cpu = "skylake-sp",
         .trace_file = {},
         .repeatable = true,
         .timed = engine == Engine::Timed},
        session, stop);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (outcome.end != MachineEnd::Finished) {
        throw std::runtime_error(lab::machine_problem(outcome, session.report()));
    }
    const u64 instructions = outcome.counters ? outcome.counters->total_instructions() : 0;
    return {seconds.count(), instructions};
}

}  // namespace

void measure_whole_runs(Report& report, unsigned pairs) {
    const KernelImage kernel = KernelImage::load({});
    const auto work =
        pack({"/bin/busybox", "sh", "/shell.sh"}, {"guest/workloads/shell.sh=/shell.sh"});
    const auto nothing = pack({"/bin/busybox", "true"}, {});
    std::vector<double> ratios;
    std::vector<double> mips;
    std::vector<double> boots;
    std::vector<double> timed_mips;
    for (unsigned i = 0; i < pairs; ++i) {
        const TimedRun boot = run(MachineKind::Builtin, kernel, nothing);
        const TimedRun ours = run(MachineKind::Builtin, kernel, work);
        const TimedRun qemu_boot = run(MachineKind::Qemu, kernel, nothing);
        const TimedRun theirs = run(MachineKind::Qemu, kernel, work);
        const double seconds = ours.seconds - boot.seconds;
        const double qemu_seconds = theirs.seconds - qemu_boot.seconds;
        boots.push_back(boot.seconds);
        mips.push_back(static_cast<double>(ours.instructions - boot.instructions) / seconds / 1e6);
        ratios.push_back(qemu_seconds / seconds);
        const TimedRun timed = run(MachineKind::Builtin, kernel, work, Engine::Timed);
        timed_mips.push_back(static_cast<double>(timed.instructions) / timed.seconds / 1e6);
    }
    add(report, "fast_vs_qemu_icount", "ratio", qemu, ratios);
    add(report, "fast_mips", "million instructions per second", "", mips);
    add(report, "timed_mips", "million instructions per second", "", timed_mips);
    add(report, "boot_and_true_seconds", "s", "", boots);
}

}  // namespace ringfence::bench
