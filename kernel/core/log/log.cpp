// SPDX-License-Identifier: MIT
#include "kernel/core/log/log.h"

#include "kernel_arch/serial.h"

namespace ringfence::kernel {

namespace {

bool log_is_quiet = false;

void write(std::string_view text) {
    arch::serial_write(arch::SerialPort::KernelLog,
                       {reinterpret_cast<const u8*>(text.data()), text.size()});
}

}  // namespace

void set_log_quiet(bool quiet) {
    log_is_quiet = quiet;
}

void log_line(LogLevel level, std::string_view line) {
    if (level == LogLevel::Routine && log_is_quiet) {
        return;
    }
    write(line);
    write("\n");
}

}  // namespace ringfence::kernel
