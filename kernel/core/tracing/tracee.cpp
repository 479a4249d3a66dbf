// SPDX-License-Identifier: MIT
#include "kernel/core/tracing/tracee.h"

#include "kernel/core/process/process.h"

namespace ringfence::kernel {

Tracee::Tracee(Thread& traced, bool seize, u32 wanted_options)
    : id(traced.id()),
      thread(&traced),
      process(&traced.process()),
      seized(seize),
      options(wanted_options) {}

Tracee::~Tracee() = default;

void Tracee::join(Thread& by) {
    tracer = &by;
    by.tracees.push_back(*this);
    acquire();
}

void Tracee::leave() {
    tracer_hook.unlink();
    tracer = nullptr;
    release();
}

bool Tracee::is_stopped() const {
    return thread != nullptr && thread->state == Thread::State::Traced;
}

bool Tracee::is_leader() const {
    return id == process->id();
}

}  // namespace ringfence::kernel
