// SPDX-License-Identifier: MIT
#include "lab/machine/trace_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "lab/error.h"

namespace ringfence::lab::machine {

TraceFile::TraceFile(const std::string& path, sim::observe::SymbolTable symbols)
    : path_(path), symbols_(std::move(symbols)), file_(std::fopen(path.c_str(), "we")) {
    if (file_ == nullptr) {
        fail_write();
    }
    tracer_ = std::make_unique<sim::observe::Tracer>(file_, symbols_);
}

TraceFile::~TraceFile() {
    if (file_ != nullptr) {
        std::fclose(file_);
    }
}

void TraceFile::finish() {
    const bool failed = std::ferror(file_) != 0;
    if (std::fclose(std::exchange(file_, nullptr)) != 0 || failed) {
        fail_write();
    }
}

void TraceFile::fail_write() const {
    fail(Failure::Own, "--trace {}: cannot be written: {}", path_, std::strerror(errno));
}

}  // namespace ringfence::lab::machine
