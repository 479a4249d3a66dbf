// SPDX-License-Identifier: MIT
#include "kernel/core/terminal/pseudo_terminal.h"

#include <algorithm>

namespace ringfence::kernel {

namespace {
constexpr u32 device_major = 136;  // UNIX98_PTY_SLAVE_MAJOR
/// What Linux has in the master's own discipline, where the terminal's flush does not reach.
constexpr u64 masters_share = LineBuffer::capacity - 1;
}  // namespace

PseudoTerminal::~PseudoTerminal() {
    hook.unlink();
}

DeviceNumber PseudoTerminal::device() const {
    return {device_major, number_};
}

Fallible<void> PseudoTerminal::check_open() const {
    if (locked || !master_open_) {
        return Error{Errno::Eio};
    }
    return {};
}

void PseudoTerminal::file_opened() {
    ++files_;
    opened_ever_ = true;
}

void PseudoTerminal::file_closed() {
    if (--files_ == 0) {
        master_read_queue.wake_all();
        master_write_queue.wake_all();
    }
}

void PseudoTerminal::close_master() {
    master_open_ = false;
    node_ = nullptr;
    hang_up();
}

void PseudoTerminal::set_settings(const TerminalSettings& wanted) {
    using namespace control_modes;
    TerminalSettings possible = wanted;
    possible.control =
        CharacterSize::set(wanted.control & ~Parity::mask, eight_bits) | Receive::mask;
    const TerminalSettings before = discipline.settings();
    Terminal::set_settings(possible);
    if (before.usual_flow_control() != possible.usual_flow_control()) {
        const bool usual = possible.usual_flow_control();
        report(usual ? packet_bits::FlowControl::mask : packet_bits::NoFlowControl::mask,
               packet_bits::FlowControl::mask | packet_bits::NoFlowControl::mask);
    }
    if (local_modes::External::test(before.local | possible.local)) {
        report(packet_bits::SettingsChanged::mask);
    }
    deliver();
}

void PseudoTerminal::discard_input() {
    arrived_.drop(arrived_.used());
    Terminal::discard_input();
}

Fallible<u64> PseudoTerminal::type(const IoSource& from) {
    RF_TRY_ASSIGN(count, arrived_.put(from));
    deliver();
    return count;
}

void PseudoTerminal::deliver() {
    bool taken = false;
    bool refused = false;
    while (!refused && arrived_.used() > 0) {
        u64 count = 0;
        for (const u8 byte : arrived_.front()) {
            if (!discipline.receive(byte)) {
                refused = true;
                break;
            }
            ++count;
        }
        arrived_.drop(count);
        taken = taken || count > 0;
    }
    if (taken) {
        read_queue.wake_all();
        master_write_queue.wake_all();
    }
}

void PseudoTerminal::send(std::span<const u8> bytes) {
    // Writers see to the buffer before; an echo without memory for it is lost.
    static_cast<void>(sent_.put(IoSource(bytes)).ok());
    master_read_queue.wake_all();
}

Fallible<u64> PseudoTerminal::take_output(const IoDestination& to) {
    const u64 wanted = std::min(to.size(), sent_.used());
    u64 done = 0;
    for (bool good = true; good && done < wanted;) {
        const std::span<const u8> together = sent_.front();
        const usize piece = std::min<u64>(together.size(), wanted - done);
        const u64 moved = to.put_part(done, together.first(piece));
        sent_.drop(moved);
        done += moved;
        good = moved == piece;
    }
    discipline.room_made();
    write_queue.wake_all();
    return transferred(done, wanted);
}

void PseudoTerminal::drop_output() {
    sent_.drop(sent_.used());
    discipline.room_made();
    write_queue.wake_all();
}

void PseudoTerminal::flow_changed(bool stopped) {
    using namespace packet_bits;
    report(stopped ? Stopped::mask : Started::mask, stopped ? Started::mask : Stopped::mask);
    write_queue.wake_all();
}

void PseudoTerminal::input_discarded() {
    report(packet_bits::InputDiscarded::mask);
}

/// The first bytes are in the master's hands already: only its reader can throw them away.
void PseudoTerminal::output_discarded() {
    sent_.truncate(masters_share);
    write_queue.wake_all();
    report(packet_bits::OutputDiscarded::mask);
}

void PseudoTerminal::set_packet_mode(bool wanted) {
    if (wanted && !packet_mode_) {
        packet_status_ = 0;
    }
    packet_mode_ = wanted;
}

void PseudoTerminal::report(u8 set, u8 clear) {
    if (packet_mode_) {
        packet_status_ = static_cast<u8>((packet_status_ & ~clear) | set);
        master_read_queue.wake_all();
    }
}

}  // namespace ringfence::kernel
