// SPDX-License-Identifier: MIT
// --trace: every executed instruction, with symbols, in a file.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "sim/observe/observer.h"
#include "sim/observe/symbol_table.h"
#include "sim/observe/tracer.h"
#include "sim/snapshot/new_file.h"

namespace ringfence::lab::machine {

/// A file appears under its name when the trace is finished, whole, or not at all: not when the
/// process is killed. What is no regular file, a pipe or a terminal, gets the lines as they come.
class TraceFile {
public:
    /// Throws Failure::Own if `path` cannot be written.
    TraceFile(const std::string& path, sim::observe::SymbolTable symbols);
    TraceFile(const TraceFile&) = delete;
    TraceFile& operator=(const TraceFile&) = delete;
    /// Unless it is finished nothing is left of a file.
    ~TraceFile();

    /// To be given to the machine.
    [[nodiscard]] sim::observe::Observer& observer() { return *tracer_; }
    /// To be called when the machine has ended. Throws Failure::Own if anything could not be
    /// written.
    void finish();

private:
    static ssize_t append(void* self, const char* bytes, size_t count);
    [[noreturn]] void fail_write() const;

    std::string path_;
    sim::observe::SymbolTable symbols_;
    std::optional<sim::snapshot::NewFile> whole_;  ///< nothing: it is no regular file
    std::string problem_;                          ///< the first one with `whole_`
    std::FILE* file_ = nullptr;
    std::unique_ptr<sim::observe::Tracer> tracer_;
};

}  // namespace ringfence::lab::machine
