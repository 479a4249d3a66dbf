// SPDX-License-Identifier: MIT
#include "kernel/core/process/initial_stack.h"

#include "kernel/core/fs/devices.h"
#include "kernel/core/vm/user_memory.h"
#include "kernel_arch/cpu.h"
#include "kernel_arch/signal_frame.h"

namespace ringfence::kernel {

namespace {

constexpr u64 stack_alignment = 16;
constexpr usize random_bytes = 16;

enum class Auxiliary : u64 {
    Null = 0,
    ProgramHeaders = 3,
    ProgramHeaderSize = 4,
    ProgramHeaderCount = 5,
    PageSize = 6,
    InterpreterBase = 7,
    Flags = 8,
    Entry = 9,
    UserId = 11,
    EffectiveUserId = 12,
    GroupId = 13,
    EffectiveGroupId = 14,
    Platform = 15,
    HardwareCapabilities = 16,
    ClockTicks = 17,
    Secure = 23,
    Random = 25,
    ExecutableName = 31,
    VdsoHeader = 33,  // AT_SYSINFO_EHDR
    LeastSignalStack = 51,
};

/// Strings grow down from the top of the stack.
class StringArea {
public:
    explicit StringArea(VirtualAddress top) : at_(top) {}

    Fallible<VirtualAddress> push(std::string_view text) {
        at_ = at_ - (text.size() + 1);
        RF_TRY(write_user_bytes(at_, as_bytes(text)));
        RF_TRY(write_user(at_ + text.size(), u8{0}));
        return at_;
    }
    /// The last string first, so that the first one ends up lowest, as Linux has it.
    Fallible<Vector<u64>> push_all(const Vector<String>& texts) {
        Vector<u64> addresses;
        addresses.resize(texts.size());
        for (usize i = texts.size(); i-- > 0;) {
            RF_TRY_ASSIGN(address, push(texts[i]));
            addresses[i] = address.value();
        }
        return addresses;
    }
    Fallible<VirtualAddress> push_random() {
        u8 bytes[random_bytes];
        fill_random(bytes);
        at_ = (at_ - random_bytes).align_down(stack_alignment);
        RF_TRY(write_user_bytes(at_, bytes));
        return at_;
    }
    [[nodiscard]] VirtualAddress at() const { return at_; }

private:
    VirtualAddress at_;
};

/// The words that the stack pointer will point to.
class WordList {
public:
    void add(u64 word) { words_.push_back(word); }
    void add(Auxiliary kind, u64 value) {
        add(static_cast<u64>(kind));
        add(value);
    }
    void add_pointers(const Vector<u64>& pointers) {
        for (const u64 pointer : pointers) {
            add(pointer);
        }
        add(0);
    }
    [[nodiscard]] u64 bytes() const { return words_.size() * sizeof(u64); }
    Fallible<VirtualAddress> write_below(VirtualAddress top) const {
        const u64 size = words_.size() * sizeof(u64);
        const VirtualAddress start = (top - size).align_down(stack_alignment);
        RF_TRY(write_user_bytes(start, {reinterpret_cast<const u8*>(words_.data()), size}));
        return start;
    }

private:
    Vector<u64> words_;
};

struct Pointers {
    VirtualAddress platform;
    VirtualAddress random;
    VirtualAddress executable_name;
};

void add_auxiliary_vector(WordList& words, const StackContents& contents,
                          const Pointers& pointers) {
    const Credentials& who = contents.credentials;
    words.add(Auxiliary::VdsoHeader, contents.vdso.value());
    words.add(Auxiliary::LeastSignalStack, arch::most_signal_frame_bytes());
    words.add(Auxiliary::HardwareCapabilities, arch::hardware_capabilities());
    words.add(Auxiliary::PageSize, page_size);
    words.add(Auxiliary::ClockTicks, clock_ticks_per_second);
    words.add(Auxiliary::ProgramHeaders, contents.program.program_headers.value());
    words.add(Auxiliary::ProgramHeaderSize, sizeof(elf::ProgramHeader));
    words.add(Auxiliary::ProgramHeaderCount, contents.program.program_header_count);
    words.add(Auxiliary::InterpreterBase, contents.interpreter_base.value());
    words.add(Auxiliary::Flags, 0);
    words.add(Auxiliary::Entry, contents.program.entry.value());
    words.add(Auxiliary::UserId, who.user.real);
    words.add(Auxiliary::EffectiveUserId, who.user.effective);
    words.add(Auxiliary::GroupId, who.group.real);
    words.add(Auxiliary::EffectiveGroupId, who.group.effective);
    words.add(Auxiliary::Secure, 0);
    words.add(Auxiliary::Random, pointers.random.value());
    words.add(Auxiliary::ExecutableName, pointers.executable_name.value());
    words.add(Auxiliary::Platform, pointers.platform.value());
    words.add(Auxiliary::Null, 0);
}

}  // namespace

Fallible<VirtualAddress> build_initial_stack(const StackContents& contents, MemoryLayout& layout) {
    const ProgramRequest& request = contents.request;
    StringArea strings(contents.top - sizeof(u64));
    Pointers pointers;
    RF_TRY_ASSIGN(executable_name, strings.push(request.path));
    pointers.executable_name = executable_name;
    layout.environment_end = strings.at();
    RF_TRY_ASSIGN(environment, strings.push_all(request.environment));
    layout.environment_start = layout.arguments_end = strings.at();
    RF_TRY_ASSIGN(arguments, strings.push_all(request.arguments));
    layout.arguments_start = strings.at();
    RF_TRY_ASSIGN(platform, strings.push(arch::machine_name));
    pointers.platform = platform;
    RF_TRY_ASSIGN(random, strings.push_random());
    pointers.random = random;

    WordList words;
    words.add(request.arguments.size());
    words.add_pointers(arguments);
    words.add_pointers(environment);
    const u64 before = words.bytes();
    add_auxiliary_vector(words, contents, pointers);
    RF_TRY_ASSIGN(start, words.write_below(random));
    layout.auxiliary_start = start + before;
    layout.auxiliary_end = start + words.bytes();
    return start;
}

}  // namespace ringfence::kernel
