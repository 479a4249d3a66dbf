// SPDX-License-Identifier: MIT
#include "lab/linux_guest/booted_linux.h"

#include "abi/ports.h"
#include "lab/boot/boot_machine.h"
#include "lab/boot/console_record.h"
#include "lab/boot/linux_options.h"
#include "lab/boot/make_machine.h"
#include "lab/boot/until.h"
#include "lab/error.h"
#include "lab/guest_programs.h"
#include "lab/guest_run.h"
#include "lab/linux_guest/linux_places.h"
#include "lab/machine/bytes.h"
#include "lab/pack/cpio.h"
#include "lab/pack/host_files.h"

namespace ringfence::lab::linux_guest {

using sim::machine::Machine;
using SimEnd = sim::machine::MachineEnd;

namespace {

constexpr auto ready = static_cast<u32>(abi::ProgramMark::Ready);

/// All that Linux is given to be booted with: its first process and where that mounts things.
std::string session_root() {
    constexpr u32 directory = 0755;
    constexpr u32 executable = 0755;
    constexpr u32 anyones = 01777;
    pack::GuestTree tree;
    for (const char* const path : {"/dev", "/proc", "/run", "/sys"}) {
        tree.add_directory(path, directory);
    }
    tree.add_directory("/tmp", anyones);
    tree.add_file("/init", executable,
                  pack::read_host_file(guest_program_path("linux_session"), Failure::Own).bytes);
    return pack::write_cpio(tree);
}

/// Keeps what the console says, for the message if the boot fails.
class Console final : public sim::memory::ByteSink {
public:
    void put(u8 byte) override {
        if (byte != '\r') {
            text.push_back(static_cast<char>(byte));
        }
    }
    std::string text;
};

/// Of all parts, told apart.
std::string digest_of(std::initializer_list<std::string_view> parts) {
    report::Sha256 sum;
    for (const std::string_view part : parts) {
        sum.add(fmt::format("{}:", part.size()));
        sum.add(part);
    }
    return sum.digest();
}

}  // namespace

BootedLinux::BootedLinux(const LinuxKernel& kernel, Cache cache)
    : kernel_(kernel),
      cache_(cache),
      initramfs_(session_root()),
      common_key_(digest_of({own_identity(), kernel.bytes(), initramfs_})) {}

SharedSnapshot BootedLinux::get(const sim::presets::CpuModel& cpu, const std::string& options,
                                u64 memory_mib, machine::StopRequest& stop) {
    const std::string appended = options + (kernel_.append().empty() ? "" : " ") + kernel_.append();
    const Wanted wanted{
        .cpu = cpu,
        .command_line = boot::linux_command_line({.clock_hz = cpu.clock_hz()}, appended),
        .memory_mib = memory_mib};
    const std::string key = key_of(wanted);
    Slot& slot = slot_of(key);
    const std::scoped_lock lock(slot.mutex);
    if (slot.snapshot == nullptr) {
        slot.snapshot = cache_.find(key);
    }
    if (slot.snapshot == nullptr) {
        slot.snapshot = boot(wanted, stop);
        if (slot.snapshot != nullptr) {
            cache_.keep(key, *slot.snapshot);
        }
    }
    return slot.snapshot;
}

BootedLinux::Slot& BootedLinux::slot_of(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    std::unique_ptr<Slot>& slot = slots_[key];
    if (slot == nullptr) {
        slot = std::make_unique<Slot>();
    }
    return *slot;
}

/// Of everything that the snapshot depends on.
std::string BootedLinux::key_of(const Wanted& wanted) const {
    return digest_of({common_key_, wanted.command_line, cpu_identity(wanted.cpu),
                      fmt::format("{}", wanted.memory_mib)});
}

SharedSnapshot BootedLinux::boot(const Wanted& wanted, machine::StopRequest& stop) const {
    const boot::KernelFile& kernel = kernel_.loaded();
    const boot::BootRequest request{.kernel = &kernel,
                                    .command_line = wanted.command_line,
                                    .modules = {{machine::as_span(initramfs_), {}}},
                                    .cpu = wanted.cpu,
                                    .memory_mib = wanted.memory_mib,
                                    .places = places_of(kernel.symbols({}))};
    Console console;
    const boot::Until until{.marks = {ready}};
    boot::MarkWatcher watcher(until);
    const auto machine = boot::make_machine(request, {.stop = &stop.flag(),
                                                      .console = {.sink = &console},
                                                      .channel = nullptr,
                                                      .idle_host = nullptr,
                                                      .observers = {&watcher}});
    watcher.watch(*machine);
    const SimEnd end = machine->run();
    if (end.reason == SimEnd::Reason::Stopped) {
        return nullptr;
    }
    if (end.reason != SimEnd::Reason::Paused) {
        fail(Failure::Own, "{} on {} did not get as far as its first process: {}\n{}", kernel.name,
             wanted.cpu.name(), end.detail, log_tail(console.text));
    }
    auto captured = machine->capture();
    if (!captured.ok()) {
        fail(Failure::Own, "{}", captured.error());
    }
    return std::move(captured).value();
}

}  // namespace ringfence::lab::linux_guest
