// SPDX-License-Identifier: MIT
// A pseudo-terminal: a terminal whose wire ends in a program, the master. [linux/abi]: pty(7)
#pragma once

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/fs/inode.h"
#include "kernel/core/fs/pipe.h"
#include "kernel/core/terminal/terminal.h"

namespace ringfence::kernel {

/// What the first byte of a packet says in packet mode. [linux/abi]: ioctl_tty(2), TIOCPKT
namespace packet_bits {
using InputDiscarded = Flag<0, u8>;
using OutputDiscarded = Flag<1, u8>;
using Stopped = Flag<2, u8>;
using Started = Flag<3, u8>;
using NoFlowControl = Flag<4, u8>;
using FlowControl = Flag<5, u8>;
using SettingsChanged = Flag<6, u8>;
inline constexpr u8 data = 0;
}  // namespace packet_bits

class PseudoTerminal final : public Terminal, public Counted<PseudoTerminal> {
public:
    explicit PseudoTerminal(u32 number) : number_(number) {}
    ~PseudoTerminal() override;

    [[nodiscard]] u32 number() const { return number_; }
    /// Its file in /dev/pts; null once the master is closed.
    [[nodiscard]] const Ref<Inode>& node() const { return node_; }
    void set_node(Ref<Inode> node) { node_ = std::move(node); }

    // The master's side.
    bool locked = true;            ///< the terminal cannot be opened
    WaitQueue master_read_queue;   ///< waits for output, or for the last file to be closed
    WaitQueue master_write_queue;  ///< waits for room for input
    /// Sends input, as much as there is room for.
    Fallible<u64> type(const IoSource& from);
    [[nodiscard]] bool has_typing_room() const { return arrived_.room() > 0; }
    /// Takes what the terminal sent. Fewer bytes up to a bad address, Efault if that is the first.
    Fallible<u64> take_output(const IoDestination& to);
    [[nodiscard]] u64 output_size() const { return sent_.used(); }
    void drop_output();
    /// All of its files were closed, after there had been one.
    [[nodiscard]] bool abandoned() const { return opened_ever_ && files_ == 0; }
    void close_master();

    [[nodiscard]] bool packet_mode() const { return packet_mode_; }
    void set_packet_mode(bool wanted);
    [[nodiscard]] bool has_packet_status() const { return packet_mode_ && packet_status_ != 0; }
    [[nodiscard]] u8 take_packet_status() { return std::exchange(packet_status_, u8{0}); }

    // Terminal, as the discipline and its files see it.
    void set_settings(const TerminalSettings& wanted) override;
    void discard_input() override;
    [[nodiscard]] DeviceNumber device() const override;
    [[nodiscard]] Fallible<void> check_open() const override;
    Fallible<void> prepare_output() override { return sent_.prepare(); }
    [[nodiscard]] bool connected() const override { return master_open_; }
    void input_taken() override { deliver(); }
    void file_opened() override;
    void file_closed() override;

    // TerminalPort.
    [[nodiscard]] u64 room() const override { return sent_.room(); }
    void send(std::span<const u8> bytes) override;
    void flow_changed(bool stopped) override;
    void input_discarded() override;
    void output_discarded() override;

    ListHook<PseudoTerminal> hook{this};

private:
    /// What has arrived goes to the discipline, as far as that takes it.
    void deliver();
    void report(u8 set, u8 clear = 0);

    u32 number_;
    u32 files_ = 0;
    bool opened_ever_ = false;
    bool master_open_ = true;
    bool packet_mode_ = false;
    u8 packet_status_ = 0;
    Ref<Inode> node_;
    PipeBuffer arrived_;  ///< typed, but the discipline has no room for it yet
    PipeBuffer sent_;     ///< for the master to read
};

/// Opens a new pseudo-terminal's master, by the file `inode`. Enospc if there are as many as there
/// may be, Enomem.
Fallible<Ref<OpenFile>> open_master(Ref<Inode> inode, const OpenFlags& flags);

}  // namespace ringfence::kernel
