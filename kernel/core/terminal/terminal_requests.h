// SPDX-License-Identifier: MIT
// The ioctl requests of terminals, but for those that other files have too. [linux/abi]:
// ioctl_tty(2), include/uapi/asm-generic/ioctls.h
#pragma once

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::kernel::terminal_requests {

/// Newer requests tell in their number what is passed: [linux/abi], asm-generic/ioctl.h.
constexpr u32 terminal_request(bool program_writes, bool program_reads, u32 number, u32 size) {
    using Number = Bitfield<0, 8, u32>;
    using Group = Bitfield<8, 8, u32>;
    using Size = Bitfield<16, 14, u32>;
    using Writes = Flag<30, u32>;
    using Reads = Flag<31, u32>;
    return Number::make(number) | Group::make('T') | Size::make(size) |
           Writes::make(program_writes ? 1 : 0) | Reads::make(program_reads ? 1 : 0);
}
constexpr u32 reads(u32 number, u32 size) {
    return terminal_request(false, true, number, size);
}
constexpr u32 writes(u32 number, u32 size) {
    return terminal_request(true, false, number, size);
}

inline constexpr u32 get_settings = 21505;                       ///< TCGETS
inline constexpr u32 set_settings = 21506;                       ///< TCSETS
inline constexpr u32 set_settings_when_sent = 21507;             ///< TCSETSW
inline constexpr u32 set_settings_and_flush = 21508;             ///< TCSETSF
inline constexpr u32 send_break = 21513;                         ///< TCSBRK
inline constexpr u32 flow = 21514;                               ///< TCXONC
inline constexpr u32 flush = 21515;                              ///< TCFLSH
inline constexpr u32 set_exclusive = 21516;                      ///< TIOCEXCL
inline constexpr u32 clear_exclusive = 21517;                    ///< TIOCNXCL
inline constexpr u32 acquire = 21518;                            ///< TIOCSCTTY
inline constexpr u32 get_foreground = 21519;                     ///< TIOCGPGRP
inline constexpr u32 set_foreground = 21520;                     ///< TIOCSPGRP
inline constexpr u32 inject = 21522;                             ///< TIOCSTI
inline constexpr u32 get_window = 21523;                         ///< TIOCGWINSZ
inline constexpr u32 set_window = 21524;                         ///< TIOCSWINSZ
inline constexpr u32 set_packet_mode = 21536;                    ///< TIOCPKT
inline constexpr u32 give_up = 21538;                            ///< TIOCNOTTY
inline constexpr u32 set_discipline = 21539;                     ///< TIOCSETD
inline constexpr u32 get_discipline = 21540;                     ///< TIOCGETD
inline constexpr u32 send_long_break = 21541;                    ///< TCSBRKP
inline constexpr u32 begin_break = 21543;                        ///< TIOCSBRK
inline constexpr u32 end_break = 21544;                          ///< TIOCCBRK
inline constexpr u32 get_session = 21545;                        ///< TIOCGSID
inline constexpr u32 hang_up = 21559;                            ///< TIOCVHANGUP
inline constexpr u32 open_peer = 21569;                          ///< TIOCGPTPEER
inline constexpr u32 get_settings_2 = reads(42, 44);             ///< TCGETS2
inline constexpr u32 set_settings_2 = writes(43, 44);            ///< TCSETS2
inline constexpr u32 set_settings_2_when_sent = writes(44, 44);  ///< TCSETSW2
inline constexpr u32 set_settings_2_and_flush = writes(45, 44);  ///< TCSETSF2
inline constexpr u32 get_number = reads(48, 4);                  ///< TIOCGPTN
inline constexpr u32 set_lock = writes(49, 4);                   ///< TIOCSPTLCK
inline constexpr u32 get_device = reads(50, 4);                  ///< TIOCGDEV
inline constexpr u32 signal = writes(54, 4);                     ///< TIOCSIG
inline constexpr u32 get_packet_mode = reads(56, 4);             ///< TIOCGPKT
inline constexpr u32 get_lock = reads(57, 4);                    ///< TIOCGPTLCK
inline constexpr u32 get_exclusive = reads(64, 4);               ///< TIOCGEXCL

}  // namespace ringfence::kernel::terminal_requests
