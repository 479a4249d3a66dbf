// SPDX-License-Identifier: MIT
// --trace: every executed instruction, with symbols, in a file.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "sim/observe/observer.h"
#include "sim/observe/symbol_table.h"
#include "sim/observe/tracer.h"

namespace ringfence::lab::machine {

class TraceFile {
public:
    /// Throws Failure::Own if `path` cannot be written.
    TraceFile(const std::string& path, sim::observe::SymbolTable symbols);
    TraceFile(const TraceFile&) = delete;
    TraceFile& operator=(const TraceFile&) = delete;
    ~TraceFile();

    /// To be given to the machine.
    [[nodiscard]] sim::observe::Observer& observer() { return *tracer_; }
    /// To be called when the machine has ended. Throws Failure::Own if anything could not be
    /// written.
    void finish();

private:
    [[noreturn]] void fail_write() const;

    std::string path_;
    sim::observe::SymbolTable symbols_;
    std::FILE* file_ = nullptr;
    std::unique_ptr<sim::observe::Tracer> tracer_;
};

}  // namespace ringfence::lab::machine
