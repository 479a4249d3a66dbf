// SPDX-License-Identifier: MIT
#include "kernel/core/process/run_report.h"

#include "abi/control_channel.h"
#include "kernel/core/fs/io_buffer.h"
#include "kernel/core/fs/missing_files.h"
#include "kernel/core/memory/frame_allocator.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/unknown_calls.h"
#include "kernel_arch/isolation_status.h"
#include "kernel_arch/serial.h"
#include "kernel_arch/statistics.h"

namespace ringfence::kernel {

namespace {
bool user_table_reports = false;

template <typename T>
void send(abi::control::Record type, const T& payload) {
    arch::send_record(type, {reinterpret_cast<const u8*>(&payload), sizeof(T)});
}
}  // namespace

void report_run_failed(std::string_view sentence) {
    arch::send_record(abi::control::Record::RunFailed, as_bytes(sentence));
}

void report_statistics() {
    abi::control::Statistics statistics{};
    arch::read_statistics(statistics);
    statistics.processes_created = processes().created() - 1;  // the kernel's own is not counted
    statistics.free_frames = frames().free_frames();
    send(abi::control::Record::Statistics, statistics);
}

void report_isolation() {
    send(abi::control::Record::Isolation, arch::isolation_status());
}

void report_unknown_syscalls() {
    for (const UnknownCall& call : unknown_calls()) {
        send(abi::control::Record::UnknownSyscall,
             abi::control::UnknownSyscall{.number = call.number, .count = call.count});
    }
}

void report_missing_files() {
    const String paths = missing_files();
    arch::send_record(abi::control::Record::MissingFiles, as_bytes(paths));
}

void report_exit_status(const WaitStatus& status) {
    send(abi::control::Record::ExitStatus,
         abi::control::ExitStatus{.code = status.signal == 0 ? status.exit_code : 0,
                                  .signal = status.signal});
}

void report_user_table(Process& process) {
    if (user_table_reports) {
        process.memory->tables().send_user_table(process.id());
    }
}

void enable_user_table_reports() {
    user_table_reports = true;
}

}  // namespace ringfence::kernel
