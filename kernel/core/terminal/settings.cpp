// SPDX-License-Identifier: MIT
#include "kernel/core/terminal/settings.h"

#include <iterator>

namespace ringfence::kernel {

namespace {

/// Ctrl with a letter.
constexpr u8 with_control(char letter) {
    return static_cast<u8>(letter - 'A' + 1);
}
constexpr u8 control_backslash = 28;
constexpr u8 delete_character = 127;

struct Default {
    ControlCharacter which;
    u8 byte;
};
constexpr Default defaults[] = {
    {ControlCharacter::Interrupt, with_control('C')},
    {ControlCharacter::Quit, control_backslash},
    {ControlCharacter::Erase, delete_character},
    {ControlCharacter::Kill, with_control('U')},
    {ControlCharacter::EndOfFile, with_control('D')},
    {ControlCharacter::Time, 0},
    {ControlCharacter::Minimum, 1},
    {ControlCharacter::Start, with_control('Q')},
    {ControlCharacter::Stop, with_control('S')},
    {ControlCharacter::Suspend, with_control('Z')},
    {ControlCharacter::EndOfLine, 0},
    {ControlCharacter::Reprint, with_control('R')},
    {ControlCharacter::Discard, with_control('O')},
    {ControlCharacter::WordErase, with_control('W')},
    {ControlCharacter::LiteralNext, with_control('V')},
};

/// By the value of Speed.
constexpr u32 speeds[] = {0,   50,   75,   110,  134,  150,  200,   300,
                          600, 1200, 1800, 2400, 4800, 9600, 19200, 38400};
/// The same with ExtendedSpeed. The first of them means a speed that is given as a number.
constexpr u32 extended_speeds[] = {0,       57600,   115200,  230400,  460800,  500000,
                                   576000,  921600,  1000000, 1152000, 1500000, 2000000,
                                   2500000, 3000000, 3500000, 4000000};
constexpr u32 speed_of_38400 = 15;
static_assert(speeds[speed_of_38400] == 38400);
static_assert(std::size(speeds) == std::size(extended_speeds));

}  // namespace

bool TerminalSettings::usual_flow_control() const {
    return input_modes::FlowControl::test(input) &&
           is(with_control('Q'), ControlCharacter::Start) &&
           is(with_control('S'), ControlCharacter::Stop);
}

TerminalSettings initial_terminal_settings() {
    using namespace local_modes;
    TerminalSettings settings;
    settings.input = input_modes::ReturnToNewline::mask | input_modes::FlowControl::mask;
    settings.output = output_modes::Process::mask | output_modes::NewlineToReturnNewline::mask;
    settings.control = control_modes::Speed::make(speed_of_38400) |
                       control_modes::CharacterSize::make(control_modes::eight_bits) |
                       control_modes::Receive::mask;
    settings.local = Signals::mask | Canonical::mask | Echo::mask | EchoErase::mask |
                     EchoKill::mask | EchoControl::mask | EchoKillErase::mask | Extended::mask;
    for (const Default& row : defaults) {
        settings.characters[static_cast<usize>(row.which)] = row.byte;
    }
    return settings;
}

u32 terminal_speed(u32 control) {
    const u32 index = control_modes::Speed::get(control);
    return control_modes::ExtendedSpeed::test(control) ? extended_speeds[index] : speeds[index];
}

}  // namespace ringfence::kernel
