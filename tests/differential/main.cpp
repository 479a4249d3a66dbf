// SPDX-License-Identifier: MIT
// Runs randomized instructions on the host's processor and on the machine's, and compares
// registers, flags, memory and exceptions.
//
//   differential_test [--seed N] [--cases N] [--only TEXT] [--failures N] [--replay SEED:INDEX]
//                     [--list]
//
// Case i of a seed is for form i modulo the number of forms, so that every form is exercised.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "arch/x86/cpu_identity.h"
#include "tests/differential/comparison.h"
#include "tests/differential/host_processor.h"
#include "tests/differential/machine_processor.h"

namespace ringfence::differential {

namespace {

/// CTest's convention for a test that cannot run here.
constexpr int exit_skipped = 77;

struct Options {
    u64 seed = 1;
    u64 cases = 1'000'000;
    u64 failures = 20;
    std::string only;
    std::string replay;
    bool list = false;
};

/// What the machine shows, as far as the host has it too: a hidden feature cannot be compared.
std::vector<arch::x86::CpuidFeature> common_features(const HostProcessor& host) {
    using namespace arch::x86::cpuid_feature;
    constexpr arch::x86::CpuidFeature shown[] = {
        fpu,        tsc,       msr,        pae,   cmpxchg8b, cmov,   clflush, mmx,     fxsr,
        sse,        sse2,      sse3,       ssse3, sse4_1,    sse4_2, popcnt,  aes,     pclmulqdq,
        cmpxchg16b, movbe,     lahf64,     lzcnt, bmi1,      bmi2,   adx,     syscall, nx,
        long_mode,  prefetchw, clflushopt, clwb,  sha,       avx,    avx2,    fma,     f16c};
    std::vector<arch::x86::CpuidFeature> features;
    for (const auto& feature : shown) {
        if (arch::x86::has(host, feature)) {
            features.push_back(feature);
        }
    }
    if (!host.keeps_avx_state()) {
        std::erase(features, avx);
    }
    return features;
}

bool is_canonical(u64 address) {
    constexpr unsigned unused_bits = 64 - 48;
    return static_cast<u64>(static_cast<i64>(address << unused_bits) >> unused_bits) == address;
}

/// Whether the host tells of a trap on any stack. Some hypervisors that run their guests' kernels
/// in user mode give #GP instead where the stack pointer is not canonical.
bool traps_on_any_stack(HostProcessor& host) {
    constexpr u8 nop = 0x90;
    ProcessorState state;
    state.rip = code_base;
    state.gpr[rsp] = u64{1} << 60;
    return host.run(state, {&nop, 1}).completed;
}

class DifferentialTest {
public:
    DifferentialTest(HostProcessor& host, MachineProcessor& machine,
                     const sim::presets::CpuModel& model, const Options& options)
        : host_(host),
          machine_(machine),
          options_(options),
          any_stack_(traps_on_any_stack(host)),
          decoder_(model),
          generator_(decoder_, model, options.seed) {
        for (Form& form : catalog_forms(decoder_, model)) {
            const bool wanted = form.name.find(options.only) != std::string::npos;
            if (form.bound && !form.skipped && wanted) {
                forms_.push_back(std::move(form));
            } else if (!form.bound && !form.skipped) {
                unbound_.push_back(form.name);
            }
        }
        exercised_.resize(forms_.size());
    }

    int list() const {
        for (const Form& form : forms_) {
            fmt::print("{} ({} encodings)\n", form.name, form.encodings.size());
        }
        for (const std::string& name : unbound_) {
            fmt::print("no handler: {}\n", name);
        }
        return 0;
    }

    int run() {
        if (!any_stack_) {
            fmt::print(
                "left out: stack pointers that are not canonical, which this host's traps "
                "do not survive\n");
        }
        const auto start = std::chrono::steady_clock::now();
        for (u64 index = 0; index < options_.cases && failures_ < options_.failures; ++index) {
            run_case(index);
        }
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
        return summarize(elapsed.count());
    }

    int replay(u64 index) {
        run_case(index);
        return failures_ == 0 ? 0 : 1;
    }

private:
    /// The host's process, or what a sanitizer added to it, has memory where the machine has none.
    /// There the instruction could do anything to this program.
    [[nodiscard]] bool strays(const Outcome& on_machine) const {
        return on_machine.vector == ExceptionVector::PageFault && !in_sandbox(on_machine.address) &&
               host_.has_memory_at(on_machine.address);
    }

    std::vector<std::string> differences(const TestCase& test) {
        machine_.data() = test.data;
        const Outcome on_machine = machine_.run(test.state, test.instruction());
        if (strays(on_machine)) {
            return {};
        }
        host_.data() = test.data;
        const Outcome on_host = host_.run(test.state, test.instruction());
        if (!any_stack_ && !is_canonical(on_machine.state.gpr[rsp])) {
            return {};
        }
        auto lines = compare(test, on_host, on_machine);
        const auto memory = compare_memory(test, !on_host.completed, host_.data(), machine_.data());
        lines.insert(lines.end(), memory.begin(), memory.end());
        if (!lines.empty() && machine_.unimplemented()) {
            lines.emplace_back("the machine has no handler for it");
        }
        return lines;
    }

    void run_case(u64 index) {
        const usize which = index % forms_.size();
        generator_.generate(index, forms_[which], test_);
        if (test_.length == 0) {
            return;
        }
        ++exercised_[which];
        if (!any_stack_ && !is_canonical(test_.state.gpr[rsp])) {
            return;
        }
        if (!differences(test_).empty()) {
            report(index, which);
        }
    }

    /// Clears what the failure does not need, so that what is left explains it.
    template <typename Value>
    void try_value(TestCase& test, Value& field, const Value& simple) {
        const Value kept = field;
        field = simple;
        if (differences(test).empty()) {
            field = kept;
        }
    }
    void shrink(TestCase& test) {
        ProcessorState& state = test.state;
        for (u64& value : state.gpr) {
            try_value(test, value, u64{0});
        }
        for (auto& value : state.fpu.xmm) {
            try_value(test, value, {});
        }
        for (auto& value : state.upper) {
            try_value(test, value, {});
        }
        for (auto& value : state.fpu.st) {
            try_value(test, value, {});
        }
        try_value(test, state.fpu.mxcsr, sim::cpu::mxcsr::reset_value);
        try_value(test, state.fpu.control, sim::cpu::x87_control::init_value);
        try_value(test, state.fpu.status, u16{0});
        try_value(test, state.rflags, u64{0x202});
        try_value(test, test.data, {});
    }

    void report(u64 index, usize which) {
        const Form& form = forms_[which];
        if (failed_[form.mnemonic]++ != 0) {
            return;
        }
        ++failures_;
        shrink(test_);
        fmt::print("FAILED {}", describe(test_));
        for (const std::string& line : differences(test_)) {
            fmt::print("  {}\n", line);
        }
        const std::string only =
            options_.only.empty() ? "" : fmt::format(" --only '{}'", options_.only);
        fmt::print("  replay: differential_test{} --replay {}:{}\n\n", only, options_.seed, index);
        std::fflush(stdout);
    }

    int summarize(double seconds) {
        u64 cases = 0;
        u64 idle = 0;
        for (usize i = 0; i < forms_.size(); ++i) {
            cases += exercised_[i];
            if (exercised_[i] == 0) {
                ++idle;
                fmt::print("never exercised: {}\n", forms_[i].name);
            }
        }
        for (const auto& [mnemonic, count] : failed_) {
            fmt::print("{} failed {} times\n", ZydisMnemonicGetString(mnemonic), count);
        }
        for (const std::string& name : unbound_) {
            fmt::print("no handler: {}\n", name);
        }
        fmt::print(
            "{} cases, {} forms, {} never exercised, {} without a handler, {} mnemonics "
            "failed, {:.0f} cases/s\n",
            cases, forms_.size(), idle, unbound_.size(), failed_.size(),
            static_cast<double>(cases) / seconds);
        return failed_.empty() && idle == 0 && unbound_.empty() ? 0 : 1;
    }

    HostProcessor& host_;
    MachineProcessor& machine_;
    const Options& options_;
    bool any_stack_;
    Decoder decoder_;
    CaseGenerator generator_;
    std::vector<Form> forms_;
    std::vector<std::string> unbound_;
    std::vector<u64> exercised_;
    std::map<ZydisMnemonic, u64> failed_;
    u64 failures_ = 0;
    TestCase test_;
};

int run(Options& options) {
    u64 replayed = 0;
    if (!options.replay.empty()) {
        const usize colon = options.replay.find(':');
        if (colon == std::string::npos) {
            fmt::print(stderr, "--replay needs SEED:INDEX, not '{}'\n", options.replay);
            return 2;
        }
        options.seed = std::stoull(options.replay.substr(0, colon));
        replayed = std::stoull(options.replay.substr(colon + 1));
    }
    auto read_only = std::make_unique<ReadOnlyImage>();
    Random(options.seed).fill(*read_only);
    const auto host = HostProcessor::create(*read_only);
    if (host == nullptr) {
        fmt::print("skipped: instructions can only be compared on an x86-64 Linux host\n");
        return exit_skipped;
    }
    const sim::presets::CpuModel model =
        model_with(arch::x86::identify(*host).vendor, common_features(*host));
    const auto machine = std::make_unique<MachineProcessor>(model, *read_only);
    const auto test = std::make_unique<DifferentialTest>(*host, *machine, model, options);
    if (options.list) {
        return test->list();
    }
    return options.replay.empty() ? test->run() : test->replay(replayed);
}

}  // namespace

}  // namespace ringfence::differential

int main(int argc, char** argv) {
    ringfence::differential::Options options;
    CLI::App app("Compares the machine's instructions with the host's processor");
    app.add_option("--seed", options.seed, "names the sequence of cases");
    app.add_option("--cases", options.cases, "how many to run");
    app.add_option("--failures", options.failures, "stop after so many failing mnemonics");
    app.add_option("--only", options.only, "only forms whose name contains this");
    app.add_option("--replay", options.replay, "run one case: SEED:INDEX");
    app.add_flag("--list", options.list, "print the forms and stop");
    CLI11_PARSE(app, argc, argv);
    return ringfence::differential::run(options);
}
