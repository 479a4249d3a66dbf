// SPDX-License-Identifier: MIT
#include "kernel/core/tracing/tracee.h"

#include "kernel/core/process/process.h"

namespace ringfence::kernel {

Tracee::Tracee(Thread& traced, Thread& by, bool seize, u32 wanted_options)
    : id(traced.id()),
      thread(&traced),
      tracer(&by),
      process(&traced.process()),
      seized(seize),
      options(wanted_options) {}

Tracee::~Tracee() = default;

bool Tracee::is_stopped() const {
    return thread != nullptr && thread->state == Thread::State::Traced;
}

bool Tracee::is_leader() const {
    return id == process->id();
}

}  // namespace ringfence::kernel
