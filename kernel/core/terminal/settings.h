// SPDX-License-Identifier: MIT
// How a terminal behaves, as programs set it. [linux/abi]: termios(3),
// include/uapi/asm-generic/termbits.h
#pragma once

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::kernel {

namespace input_modes {
using MarkErrors = Flag<3, u32>;       ///< PARMRK: a byte 255 is doubled
using StripHighBit = Flag<5, u32>;     ///< ISTRIP
using NewlineToReturn = Flag<6, u32>;  ///< INLCR
using IgnoreReturn = Flag<7, u32>;     ///< IGNCR
using ReturnToNewline = Flag<8, u32>;  ///< ICRNL
using LowerCase = Flag<9, u32>;        ///< IUCLC, with IEXTEN
using FlowControl = Flag<10, u32>;     ///< IXON: VSTOP and VSTART
using AnyRestarts = Flag<11, u32>;     ///< IXANY
using Utf8 = Flag<14, u32>;            ///< IUTF8: erase whole characters
}  // namespace input_modes

namespace output_modes {
using Process = Flag<0, u32>;                 ///< OPOST: without it, none of the others counts
using UpperCase = Flag<1, u32>;               ///< OLCUC
using NewlineToReturnNewline = Flag<2, u32>;  ///< ONLCR
using ReturnToNewline = Flag<3, u32>;         ///< OCRNL
using NoReturnAtStart = Flag<4, u32>;         ///< ONOCR
using NewlineReturns = Flag<5, u32>;          ///< ONLRET
using TabHandling = Bitfield<11, 2, u32>;     ///< TABDLY
inline constexpr u32 tabs_become_spaces = 3;  ///< XTABS, a value of TabHandling
}  // namespace output_modes

namespace control_modes {
using Speed = Bitfield<0, 4, u32>;  ///< CBAUD's low part
using CharacterSize = Bitfield<4, 2, u32>;
using Receive = Flag<7, u32>;         ///< CREAD
using Parity = Flag<8, u32>;          ///< PARENB
using ExtendedSpeed = Flag<12, u32>;  ///< CBAUDEX
inline constexpr u32 eight_bits = 3;  ///< CS8, a value of CharacterSize
}  // namespace control_modes

namespace local_modes {
using Signals = Flag<0, u32>;               ///< ISIG
using Canonical = Flag<1, u32>;             ///< ICANON: lines that can be edited
using Echo = Flag<3, u32>;                  ///< ECHO
using EchoErase = Flag<4, u32>;             ///< ECHOE: what is erased vanishes
using EchoKill = Flag<5, u32>;              ///< ECHOK: a newline follows a killed line
using EchoNewline = Flag<6, u32>;           ///< ECHONL
using NoFlush = Flag<7, u32>;               ///< NOFLSH: signals leave the input alone
using StopBackgroundOutput = Flag<8, u32>;  ///< TOSTOP
using EchoControl = Flag<9, u32>;           ///< ECHOCTL: a control character as ^X
using EchoPrint = Flag<10, u32>;            ///< ECHOPRT: what is erased is printed
using EchoKillErase = Flag<11, u32>;        ///< ECHOKE: a killed line vanishes
using Extended = Flag<15, u32>;             ///< IEXTEN
using External = Flag<16, u32>;             ///< EXTPROC: somebody else edits
}  // namespace local_modes

/// Places in c_cc.
enum class ControlCharacter : u8 {
    Interrupt = 0,
    Quit = 1,
    Erase = 2,
    Kill = 3,
    EndOfFile = 4,
    Time = 5,     ///< tenths of a second, without Canonical
    Minimum = 6,  ///< bytes, without Canonical
    Start = 8,
    Stop = 9,
    Suspend = 10,
    EndOfLine = 11,
    Reprint = 12,
    Discard = 13,
    WordErase = 14,
    LiteralNext = 15,
    EndOfLine2 = 16,
};

/// `struct termios` as TCGETS has it.
struct TerminalSettings {
    static constexpr usize character_count = 19;

    u32 input = 0;
    u32 output = 0;
    u32 control = 0;
    u32 local = 0;
    u8 discipline = 0;
    u8 characters[character_count] = {};

    [[nodiscard]] u8 character(ControlCharacter which) const {
        return characters[static_cast<usize>(which)];
    }
    /// Whether `byte` is that control character; one that is 0 is switched off.
    [[nodiscard]] bool is(u8 byte, ControlCharacter which) const {
        return byte != 0 && byte == character(which);
    }
    [[nodiscard]] bool canonical() const { return local_modes::Canonical::test(local); }
    /// Lines are made here, and not by who sends the input.
    [[nodiscard]] bool reads_lines() const {
        return canonical() && !local_modes::External::test(local);
    }
    /// The characters of IXON are the usual ones: the other end may do it by itself.
    [[nodiscard]] bool usual_flow_control() const;
};
static_assert(sizeof(TerminalSettings) == 36);

/// `struct termios2` as TCGETS2 has it.
struct TerminalSettingsWithSpeed {
    TerminalSettings settings;
    u32 input_speed = 0;  ///< baud
    u32 output_speed = 0;
};
static_assert(sizeof(TerminalSettingsWithSpeed) == 44);

/// `struct winsize`.
struct WindowSize {
    u16 rows = 0;
    u16 columns = 0;
    u16 width = 0;  ///< pixels, if anybody cares
    u16 height = 0;
    bool operator==(const WindowSize&) const = default;
};

/// What a terminal has when it is made: lines, echo, signals.
[[nodiscard]] TerminalSettings initial_terminal_settings();
/// The speed that the control modes name, in baud; 0 for none of the usual ones.
[[nodiscard]] u32 terminal_speed(u32 control);

}  // namespace ringfence::kernel
