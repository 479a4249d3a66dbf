// SPDX-License-Identifier: MIT
#include "guest/measurements/supervisor/address_chain.h"

#include <algorithm>

namespace ringfence::measurements {

namespace {

constexpr unsigned rdx = 2;
constexpr u64 constant_bytes = 10;
constexpr u64 jump_bytes = 5;

/// Bytes of one load with what makes the next one's address.
u64 step_bytes() {
    return constant_bytes + snippet("address.chain").size();
}

}  // namespace

LoadSequence::LoadSequence(Workbench& bench) : bench_(bench) {
    write_launcher(0, 0);
}

/// The present address is RAX; the next is RDX and what was loaded, which is 0.
void LoadSequence::add(u64 next) {
    bench_.code.load_constant(rdx, next);
    bench_.code.add(snippet("address.chain"));
    ++loads_;
}

/// The loop goes on at the launcher.
void LoadSequence::finish() {
    bench_.code.add(snippet("frame.count"));
    bench_.code.jump_if_not_zero_to(bench_.code.begin() + snippet("frame.enter").size());
    bench_.code.add(snippet("frame.leave"));
}

/// The first address waits for the last load of the round before.
TimedLoop LoadSequence::write_launcher(u64 first, u64 address) {
    Code& code = bench_.code;
    code.clear();
    const TimedLoop loop(code.here());
    code.add(snippet("frame.enter"));
    code.load_constant(rdx, address);
    code.add(snippet("address.first"));
    code.jump_to(code.here() + jump_bytes + first * step_bytes());
    return loop;
}

Thousandths LoadSequence::cycles_per_load(u64 count, u64 address) {
    constexpr u64 fewest_loads = 1024;
    const TimedLoop loop = write_launcher(loads_ - count, address);
    const u64 rounds = count < fewest_loads ? fewest_loads / count : 1;
    const auto time = [&](u64 times) {
        loop.run_once(bench_.data.data(), times);
        return loop.run_once(bench_.data.data(), times);
    };
    const u64 once = time(rounds);
    const u64 twice = time(2 * rounds);
    return twice <= once ? 0 : (twice - once) * thousand / (rounds * count);
}

}  // namespace ringfence::measurements
