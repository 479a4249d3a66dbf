// SPDX-License-Identifier: MIT
#include "lab/machine/trace_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "lab/error.h"

namespace ringfence::lab::machine {

namespace {

/// Whether something else than a regular file has the name.
bool is_special(const std::string& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
}

}  // namespace

TraceFile::TraceFile(const std::string& path, sim::observe::SymbolTable symbols)
    : path_(path), symbols_(std::move(symbols)) {
    if (is_special(path)) {
        file_ = std::fopen(path.c_str(), "we");
    } else {
        auto created = sim::snapshot::NewFile::create(path);
        if (!created.ok()) {
            fail(Failure::Own, "--trace {}", created.error());
        }
        whole_.emplace(std::move(created).value());
        cookie_io_functions_t functions{};
        functions.write = &append;
        file_ = fopencookie(this, "w", functions);
    }
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

/// How many bytes were taken; 0 says that none can be.
ssize_t TraceFile::append(void* self, const char* bytes, size_t count) {
    auto& trace = *static_cast<TraceFile*>(self);
    if (trace.problem_.empty()) {
        const auto written = trace.whole_->append({reinterpret_cast<const u8*>(bytes), count});
        if (written.ok()) {
            return static_cast<ssize_t>(count);
        }
        trace.problem_ = written.error();
    }
    return 0;
}

void TraceFile::finish() {
    const bool failed = std::ferror(file_) != 0;
    const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (!problem_.empty()) {
        fail(Failure::Own, "--trace {}", problem_);
    }
    if (failed || !closed) {
        fail_write();
    }
    if (whole_) {
        if (const auto committed = whole_->commit(); !committed.ok()) {
            fail(Failure::Own, "--trace {}", committed.error());
        }
    }
}

void TraceFile::fail_write() const {
    fail(Failure::Own, "--trace {}: cannot be written: {}", path_, std::strerror(errno));
}

}  // namespace ringfence::lab::machine
