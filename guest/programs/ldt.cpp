// SPDX-License-Identifier: MIT
// modify_ldt(2): which descriptors there may be, who has them, and what runs with them. Code of 32
// and 16 bits and stacks of 16 bits are entered and left by signal frames.
//
//   ldt                the checks
//   ldt after-execve   what is left of the LDT of the program before
//   ldt system-call    SYSCALL in 32-bit code, which only some processors have
#include <asm/ldt.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdint>
#include <initializer_list>

#include "guest/programs/check.h"

namespace {

constexpr int read_table = 0;
constexpr int write_old = 1;
constexpr int read_default = 2;
constexpr int write_new = 0x11;

constexpr unsigned selector_of(unsigned entry) {
    return entry << 3 | 7;
}

/// What the call leaves in RAX: minus an errno is 32 bits wide.
long modify(int function, const void* pointer, unsigned long bytes) {
    long result = SYS_modify_ldt;
    asm volatile("syscall"
                 : "+a"(result)
                 : "D"(long{function}), "S"(pointer), "d"(bytes)
                 : "rcx", "r11", "memory");
    return result;
}

struct Descriptor {
    unsigned entry;
    unsigned base;
    unsigned limit;
    unsigned flags;  ///< as in struct user_desc: seg_32bit is bit 0
};
constexpr unsigned is_32bit = 1;
constexpr unsigned code = 2 << 1;
constexpr unsigned conforming = 3 << 1;
constexpr unsigned expand_down = 1 << 1;
constexpr unsigned read_only = 1 << 3;
constexpr unsigned in_pages = 1 << 4;
constexpr unsigned not_present = 1 << 5;
constexpr unsigned useable = 1 << 6;
constexpr unsigned long_mode = 1 << 7;

long set(const Descriptor& descriptor, int function = write_new) {
    return modify(function, &descriptor, sizeof descriptor);
}

std::uint64_t entry_value(unsigned entry) {
    static std::uint64_t table[LDT_ENTRIES];
    require(modify(read_table, table, sizeof table) == sizeof table, "reading the table");
    return table[entry];
}

/// Limit and rights as the processor has them; 0 and 0 for a selector that it would not load.
struct Rights {
    unsigned limit = 0;
    unsigned rights = 0;
};
Rights rights_of(unsigned selector) {
    Rights found;
    asm volatile("lsl %1, %0" : "+r"(found.limit) : "r"(selector) : "cc", "memory");
    asm volatile("lar %1, %0" : "+r"(found.rights) : "r"(selector) : "cc", "memory");
    constexpr unsigned undefined = 0xf0000;
    found.rights &= ~undefined;
    return found;
}

void refusals() {
    char bytes[64];
    const Descriptor good = {0, 0, 0xfffff, is_32bit | in_pages};
    std::printf("nothing yet: %ld\n", modify(read_table, bytes, sizeof bytes));
    std::printf("default: %ld %ld\n", modify(read_default, bytes, 16),
                modify(read_default, bytes, 0));
    std::printf("no such function: %ld\n", modify(3, bytes, sizeof bytes));
    std::printf("size: %ld %ld\n", modify(write_new, &good, 15), modify(write_new, &good, 17));
    std::printf("pointer: %ld\n", modify(write_new, nullptr, 16));
    auto* const far_away = reinterpret_cast<void*>(0xffff'8000'0000'0000);
    std::printf("kernel pointer: %ld %ld\n", modify(write_new, far_away, 16),
                modify(read_default, far_away, 16));
    std::printf("entry: %ld\n", set({LDT_ENTRIES, 0, 0, is_32bit}));
    std::printf("present conforming code: %ld\n", set({0, 0, 0, conforming | is_32bit}));
    std::printf("conforming code the old way: %ld\n",
                set({0, 0, 1, conforming | not_present}, write_old));
    std::printf("still nothing: %ld\n", modify(read_table, bytes, sizeof bytes));
}

void descriptors() {
    constexpr unsigned base = 0x12345678;
    const unsigned flags[] = {
        0,
        is_32bit,
        is_32bit | in_pages,
        is_32bit | read_only,
        is_32bit | expand_down,
        is_32bit | expand_down | read_only,
        is_32bit | code,
        code,
        is_32bit | code | read_only,
        is_32bit | code | long_mode,
        is_32bit | not_present,
        conforming | not_present,
        is_32bit | useable,
        read_only | not_present,
        0xffff'ff00 | is_32bit,
    };
    for (const unsigned each : flags) {
        for (const int function : {write_new, write_old}) {
            const long result = set({3, base, 0xabcde, each}, function);
            const Rights seen = rights_of(selector_of(3));
            std::printf("%#x by %#x: %ld %016lx %#x %#x\n", each, static_cast<unsigned>(function),
                        result, entry_value(3), seen.limit, seen.rights);
        }
    }
    std::printf("below: %016lx %#x\n", entry_value(2), rights_of(selector_of(2)).rights);
    std::printf("above: %#x\n", rights_of(selector_of(4)).rights);
    long result = set({3, 0, 0, read_only | not_present});
    std::printf("cleared: %ld %016lx\n", result, entry_value(3));
    set({3, base, 1, is_32bit});
    result = set({3, 0, 0, is_32bit}, write_old);
    std::printf("cleared the old way: %ld %016lx\n", result, entry_value(3));
    result = set({LDT_ENTRIES - 1, base, 7, is_32bit});
    std::printf("last: %ld %016lx\n", result, entry_value(LDT_ENTRIES - 1));
    std::printf("last as the processor has it: %#x\n",
                rights_of(selector_of(LDT_ENTRIES - 1)).limit);
}

/// Memory that 32-bit addresses reach.
char* low_page(int protection) {
    void* const page =
        mmap(nullptr, 0x20000, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    require(page != MAP_FAILED, "low memory");
    return static_cast<char*>(page);
}

unsigned address(const void* pointer) {
    return static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(pointer));
}

/// GS, which nobody else here uses.
void load_gs(unsigned selector) {
    asm volatile("mov %0, %%gs" ::"r"(selector));
}
unsigned read_gs_word() {
    unsigned value = 0;
    asm volatile("mov %%gs:0, %0" : "=r"(value));
    return value;
}

void* set_entry_five(void* base) {
    require(set({5, address(base), 0xfff, is_32bit}) == 0, "modify_ldt in a thread");
    return nullptr;
}

void owners() {
    char* const pages = low_page(PROT_READ | PROT_WRITE);
    *reinterpret_cast<unsigned*>(pages) = 1111;
    *reinterpret_cast<unsigned*>(pages + 0x1000) = 2222;
    pthread_t thread;
    require(pthread_create(&thread, nullptr, set_entry_five, pages) == 0, "pthread_create");
    pthread_join(thread, nullptr);
    load_gs(selector_of(5));
    std::printf("set by a thread: %u\n", read_gs_word());
    std::fflush(stdout);

    // Two processes with the same selector and different segments, which take turns.
    int there[2];
    int back[2];
    require(pipe(there) == 0 && pipe(back) == 0, "pipe");
    unsigned wrong = 0;
    char byte = 0;
    constexpr int turns = 50;
    const pid_t child = fork();
    if (child == 0) {
        wrong += read_gs_word() == 1111 ? 0 : 1;  // the parent's table, as it was
        require(set({5, address(pages + 0x1000), 0xfff, is_32bit}) == 0, "modify_ldt in a child");
        load_gs(selector_of(5));
        for (int i = 0; i < turns; ++i) {
            require(read(there[0], &byte, 1) == 1, "read");
            wrong += read_gs_word() == 2222 ? 0 : 1;
            require(write(back[1], &byte, 1) == 1, "write");
        }
        _exit(static_cast<int>(wrong));
    }
    for (int i = 0; i < turns; ++i) {
        require(write(there[1], &byte, 1) == 1, "write");
        require(read(back[0], &byte, 1) == 1, "read");
        wrong += read_gs_word() == 1111 ? 0 : 1;
    }
    int status = 0;
    waitpid(child, &status, 0);
    std::printf("in turns with a child: %u and %d wrong\n", wrong, WEXITSTATUS(status));

    // A segment that is in use goes away.
    asm volatile("mov %0, %%es" ::"r"(selector_of(5)));
    set({5, 0, 0, read_only | not_present});
    unsigned es = 0;
    asm volatile("mov %%es, %0" : "=r"(es));
    std::printf("ES of a segment that is gone: %#x\n", es);
    load_gs(0);
}

// ---- Running with other segments. A handler changes the frame that it returns by; the code there
// ends in a trap, whose handler looks at the registers and gives back those of before.

constexpr std::uint64_t int3_code = 0xcc;
char handler_stack[64 * 1024];
greg_t wanted[NGREG];
greg_t before[NGREG];
greg_t seen[NGREG];
int seen_signal;

constexpr greg_t segments(unsigned cs, unsigned ss) {
    return static_cast<greg_t>(std::uint64_t{cs} | std::uint64_t{ss} << 48);
}
unsigned seen_cs() {
    return static_cast<std::uint16_t>(seen[REG_CSGSFS]);
}
unsigned seen_ss() {
    return static_cast<std::uint16_t>(static_cast<std::uint64_t>(seen[REG_CSGSFS]) >> 48);
}

void go_there(int, siginfo_t*, void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    std::memcpy(before, registers, sizeof before);
    for (const int each : {REG_RIP, REG_RSP, REG_CSGSFS, REG_RAX}) {
        registers[each] = wanted[each];
    }
}

void come_back(int signal, siginfo_t*, void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    seen_signal = signal;
    std::memcpy(seen, registers, sizeof seen);
    std::memcpy(registers, before, sizeof before);
}

void install_handlers() {
    stack_t stack{};
    stack.ss_sp = handler_stack;
    stack.ss_size = sizeof handler_stack;
    require(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
    struct sigaction action{};
    action.sa_sigaction = go_there;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    require(sigaction(SIGUSR1, &action, nullptr) == 0, "sigaction");
    action.sa_sigaction = come_back;
    for (const int signal : {SIGTRAP, SIGSEGV, SIGBUS, SIGILL}) {
        require(sigaction(signal, &action, nullptr) == 0, "sigaction");
    }
}

/// Runs what is at `rip` until it traps.
void run(unsigned cs, unsigned ss, std::uint64_t rip, std::uint64_t rsp) {
    wanted[REG_CSGSFS] = segments(cs, ss);
    wanted[REG_RIP] = static_cast<greg_t>(rip);
    wanted[REG_RSP] = static_cast<greg_t>(rsp);
    wanted[REG_RAX] = 0;
    raise(SIGUSR1);
}

constexpr unsigned code64 = 0x33;
constexpr unsigned data64 = 0x2b;

enum Entry : unsigned {
    Code32 = 10,
    Code16,
    Data32,
    Data16,
    AbsentCode,
    AbsentData,
    ReadOnlyData,
    SmallCode,
};

void make_segments(unsigned base) {
    const Descriptor all[] = {
        {Code32, 0, 0xfffff, is_32bit | code | in_pages},
        {Code16, base, 0xffff, code},
        {Data32, 0, 0xfffff, is_32bit | in_pages},
        {Data16, base, 0xffff, 0},
        {AbsentCode, 0, 0xfffff, is_32bit | code | in_pages | not_present},
        {AbsentData, 0, 0xfffff, is_32bit | in_pages | not_present},
        {ReadOnlyData, 0, 0xfffff, is_32bit | in_pages | read_only},
        {SmallCode, base, 0, is_32bit | code},
    };
    for (const Descriptor& each : all) {
        require(set(each) == 0, "modify_ldt");
    }
}

/// Bits 63:32 of RSP are nobody's outside 64-bit mode.
void show_run(const char* name) {
    std::printf("%s: signal %d, CS %#x, SS %#x, ESP %#llx, EAX %lld\n", name, seen_signal,
                seen_cs(), seen_ss(), seen[REG_RSP] & 0xffff'ffff, seen[REG_RAX] & 0xffff'ffff);
}

void other_modes(char* page) {
    const unsigned base = address(page);
    page[0] = static_cast<char>(int3_code);
    // mov $42, %eax; push %eax; int3: what it pushes lies in the middle of the page's stack
    const unsigned char counting[] = {0xb8, 42, 0, 0, 0, 0x50, 0xcc};
    std::memcpy(page + 0x100, counting, sizeof counting);
    const std::uint64_t stack = base + 0x8000;
    run(code64, data64, base, stack);
    std::printf("64-bit: signal %d, as asked %d\n", seen_signal,
                static_cast<std::uint64_t>(seen[REG_RSP]) == stack);
    run(code64, selector_of(Data32), base, stack);
    std::printf("64-bit with a stack of the LDT: signal %d, SS %#x\n", seen_signal, seen_ss());
    run(selector_of(Code32), selector_of(Data32), base + 0x100, stack);
    std::printf("32-bit: signal %d, EAX %lld, pushed 4 bytes %d\n", seen_signal, seen[REG_RAX],
                static_cast<std::uint64_t>(seen[REG_RSP]) == stack - 4);
    run(selector_of(Code32), data64, base, stack);
    std::printf("32-bit with the usual stack: signal %d, SS %#x\n", seen_signal, seen_ss());
    run(selector_of(Code16), selector_of(Data16), 0, 0x8000);
    show_run("16-bit");
}

/// IRET loads 16 bits of the stack pointer only. The others must be the program's, not what the
/// kernel's stack pointer was.
void stacks_of_16_bits(char* page) {
    const unsigned base = address(page);
    for (const std::uint64_t rsp :
         {0x0000'8000UL, 0x1234'8000UL, 0xffff'fff8UL, 0x8000'0000UL, 0x1234'8000UL}) {
        run(selector_of(Code32), selector_of(Data16), base, rsp);
        show_run("32-bit code");
        run(selector_of(Code16), selector_of(Data16), 0, rsp);
        show_run("16-bit code");
    }
    int wrong = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
        const std::uint64_t rsp = (i * 0x9e37'79b9 & 0xffff'0000) | 0x8000;
        run(selector_of(Code16), selector_of(Data16), 0, rsp);
        wrong += (seen[REG_RSP] & 0xffff'ffff) == static_cast<greg_t>(rsp) ? 0 : 1;
        if (i % 16 == 0) {
            sched_yield();
        }
    }
    std::printf("wrong of 300: %d\n", wrong);
}

void refused_frames(char* page) {
    struct Row {
        const char* name;
        unsigned cs;
        unsigned ss;
    };
    const Row rows[] = {
        {"absent code", selector_of(AbsentCode), selector_of(Data32)},
        {"data as code", selector_of(Data32), selector_of(Data32)},
        {"no such entry", selector_of(500), selector_of(Data32)},
        {"beyond the table", selector_of(LDT_ENTRIES - 2), selector_of(Data32)},
        {"outside the code segment", selector_of(SmallCode), selector_of(Data32)},
        {"absent stack", selector_of(Code32), selector_of(AbsentData)},
        {"read-only stack", selector_of(Code32), selector_of(ReadOnlyData)},
        {"code as stack", selector_of(Code32), selector_of(Code16)},
        {"no stack at all", selector_of(Code32), 3},
        {"the kernel's code", 0x10, selector_of(Data32)},
        {"bad code on a 16-bit stack", selector_of(AbsentCode), selector_of(Data16)},
        {"outside the code segment, on a 16-bit stack", selector_of(SmallCode),
         selector_of(Data16)},
    };
    for (const Row& row : rows) {
        run(row.cs, row.ss, address(page) + 1, 0x4567'8000);
        // Which of the two tells which exception it was; processors with FRED know only one.
        std::printf("%s: refused %d\n", row.name, seen_signal == SIGSEGV || seen_signal == SIGBUS);
    }
}

void system_call_of_32_bits(char* page) {
    make_segments(address(page));
    const unsigned char calling[] = {0x0f, 0x05, 0xcc};
    std::memcpy(page, calling, sizeof calling);
    run(selector_of(Code32), selector_of(Data32), address(page), address(page) + 0x8000);
    std::printf("signal %d, EAX %d\n", seen_signal, static_cast<int>(seen[REG_RAX]));
}

}  // namespace

int main(int count, char** arguments) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (count > 1 && std::strcmp(arguments[1], "after-execve") == 0) {
        char bytes[8];
        std::printf("after execve: %ld %#x\n", modify(read_table, bytes, sizeof bytes),
                    rights_of(selector_of(Code32)).rights);
        return 0;
    }
    char* const page = low_page(PROT_READ | PROT_WRITE | PROT_EXEC);
    install_handlers();
    if (count > 1) {
        system_call_of_32_bits(page);
        return 0;
    }
    refusals();
    descriptors();
    owners();
    make_segments(address(page));
    other_modes(page);
    stacks_of_16_bits(page);
    refused_frames(page);
    execl("/proc/self/exe", arguments[0], "after-execve", nullptr);
    return 1;
}
