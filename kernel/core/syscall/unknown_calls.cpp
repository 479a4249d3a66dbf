// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/unknown_calls.h"

#include "kernel/core/log/log.h"

namespace ringfence::kernel {

namespace {
constexpr usize most_numbers = 512;  // a program that tries random numbers fills no memory

Vector<UnknownCall>& list() {
    static Vector<UnknownCall> calls;
    return calls;
}
}  // namespace

void note_unknown_call(u64 number, const char* name) {
    for (UnknownCall& call : list()) {
        if (call.number == number) {
            ++call.count;
            return;
        }
    }
    if (list().size() < most_numbers) {
        list().push_back({number, 1});
        log_important("system call {} ({}) is not implemented: ENOSYS", number, name);
    }
}

const Vector<UnknownCall>& unknown_calls() {
    return list();
}

}  // namespace ringfence::kernel
