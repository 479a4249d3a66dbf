// SPDX-License-Identifier: MIT
// The I/O ports by which kernel and host talk, the same on the built-in machine and on QEMU's `pc`.
// Four 16550 UARTs keep the program's streams apart, byte for byte; nothing else is ever written to
// them.
#pragma once

#include "base/types.h"

namespace ringfence::abi {

inline constexpr u16 kernel_log_port = 0x3f8;  ///< COM1, out: the kernel's own messages
/// COM2, out: the program's standard output. Where the console is a terminal, both ways: all of it.
inline constexpr u16 program_output_port = 0x2f8;
inline constexpr u16 program_error_port = 0x3e8;  ///< COM3, out: the program's standard error
inline constexpr u16 control_port =
    0x2e8;  ///< COM4, both ways: framed records, see control_channel.h

/// QEMU's isa-debug-exit (iobase=0xf4, iosize=4). A 32-bit write of V ends the machine; QEMU's own
/// exit status is then (V << 1) | 1, cut to 8 bits. The program's status travels on the control
/// channel, not here.
inline constexpr u16 debug_exit_port = 0xf4;

/// A 32-bit write of V marks a point of a run: nothing happens but that observers and
/// `ringfence boot --until MARK` hear of it. No device of a PC is there.
inline constexpr u16 mark_port = 0xf8;

/// A stream of bytes to and from the host, as wide as the access; reads give all ones when the host
/// has none left. For what comes before and after a measured program.
inline constexpr u16 channel_port = 0xfc;

/// What the first process of a Linux guest marks.
enum class ProgramMark : u32 {
    Starts = 1,  ///< the next thing that this process does is to execute the program
    Ended = 2,   ///< the program has ended
    /// It takes its program from the channel (abi/linux_session.h).
    Ready = 3,
};

/// Where QEMU's `pc` has its ACPI power management control register (PM1a_CNT): a write with
/// bit 13 (SLP_EN) powers the machine off.
inline constexpr u16 power_control_port = 0x604;

/// QEMU's fw_cfg: selects an item (16 bits), whose bytes are then read at the next port.
inline constexpr u16 firmware_config_port = 0x510;

enum class MachineExit : u32 {
    Finished = 0x10,     ///< the first process ended and its status was sent on the control channel
    KernelPanic = 0x11,  ///< the kernel stopped itself; the kernel log says why
};

}  // namespace ringfence::abi
