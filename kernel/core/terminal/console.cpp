// SPDX-License-Identifier: MIT
#include "kernel/core/terminal/console.h"

#include <optional>

#include "kernel/core/command_line.h"
#include "kernel/core/containers/string.h"
#include "kernel/core/scheduler/timer.h"
#include "kernel_arch/serial.h"

namespace ringfence::kernel {

namespace {

/// The wire is looked at with each tick of the timer: what is typed waits no longer than that, and
/// no interrupt is needed for it.
class Console final : public Terminal {
public:
    explicit Console(const WindowSize& window) {
        set_window(window);
        look_again();
    }

    // Terminal.
    [[nodiscard]] DeviceNumber device() const override { return console_device; }
    [[nodiscard]] Fallible<void> check_open() const override { return {}; }
    Fallible<void> prepare_output() override { return {}; }
    [[nodiscard]] bool connected() const override { return true; }
    void input_taken() override { receive(); }
    void file_opened() override {}
    void file_closed() override {}

    // TerminalPort. The port takes whatever it is given, at once.
    [[nodiscard]] u64 room() const override { return most_at_once; }
    void send(std::span<const u8> bytes) override {
        arch::serial_write(arch::SerialPort::ProgramOutput, bytes);
    }
    void flow_changed(bool) override { write_queue.wake_all(); }
    void input_discarded() override { refused_.reset(); }
    void output_discarded() override {}

private:
    static constexpr u64 most_at_once = 4096;

    void look();
    void look_again() { timers().arm(timer_, monotonic_now() + 1); }
    void receive();

    std::optional<u8> refused_;  ///< typed, but the discipline has no room for it yet
    Timer timer_{[](void* console) { static_cast<Console*>(console)->look(); }, this};
};

void Console::look() {
    receive();
    if (const auto changed = arch::receive_window_size()) {
        set_window({.rows = changed->rows,
                    .columns = changed->columns,
                    .width = changed->width,
                    .height = changed->height});
    }
    look_again();
}

void Console::receive() {
    bool any = false;
    for (;;) {
        const auto byte = refused_ ? std::exchange(refused_, std::nullopt)
                                   : arch::receive_byte(arch::SerialPort::ProgramOutput);
        if (!byte) {
            break;
        }
        if (!discipline.receive(*byte)) {
            refused_ = byte;
            break;
        }
        any = true;
    }
    if (any) {
        read_queue.wake_all();
    }
}

Ref<Terminal>& console() {
    static Ref<Terminal> terminal;
    return terminal;
}

/// "24x80"; none of what is no number.
WindowSize parse_window(std::string_view text) {
    const std::string_view rows = take(text, text.find('x'));
    const auto number = [](std::string_view digits) {
        return static_cast<u16>(parse_decimal(digits).value_or(0));
    };
    return {.rows = number(rows), .columns = number(drop(text, rows.size() + 1))};
}

}  // namespace

void set_up_console(std::string_view command_line) {
    if (const auto window = find_option(command_line, "console_terminal")) {
        console() = make_ref<Console>(parse_window(*window));
    }
}

Ref<Terminal> console_terminal() {
    return console();
}

}  // namespace ringfence::kernel
