// SPDX-License-Identifier: MIT
#include "kernel/core/socket/passed_files.h"

namespace ringfence::kernel {

namespace {

struct Waiting {
    Vector<Ref<OpenFile>> files;
    bool releasing = false;
};
Waiting& waiting() {
    static Waiting state;
    return state;
}

}  // namespace

PassedFiles::~PassedFiles() {
    if (files_.empty()) {
        return;
    }
    Waiting& state = waiting();
    for (Ref<OpenFile>& file : take()) {
        state.files.push_back(std::move(file));
    }
    if (state.releasing) {
        return;  // whoever releases now comes to them
    }
    state.releasing = true;
    while (!state.files.empty()) {
        const Ref<OpenFile> last = std::move(state.files.back());
        state.files.pop_back();
    }
    state.files = {};
    state.releasing = false;
}

}  // namespace ringfence::kernel
