// SPDX-License-Identifier: MIT
// ptrace: registers and memory of a tracee, single steps, and what a tracer may not do to them.
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <initializer_list>

#include "guest/programs/tracing/tracee.h"

using namespace tracing;

namespace {

constexpr size_t page = 4096;
alignas(4096) volatile uint64_t words[1024] = {11, 22, 33};

/// Does nothing, in instructions that can be counted; and stops.
[[gnu::noinline]] int in_steps() {
    int result = 0;
    asm volatile("int3; nop; nop; addl $7, %0; pushf; popf; nop; int3" : "+r"(result)::"cc");
    return result;
}

void show_register(const char* name, long result, uint64_t value) {
    show(name, result);
    std::printf("%s: %#llx\n", name, static_cast<unsigned long long>(value));
}

long poke_user(pid_t thread, size_t offset, unsigned long value) {
    return trace(PTRACE_POKEUSER, thread, offset, value);
}
#define RF_USER(field) offsetof(user_regs_struct, field)

void what_may_be_written() {
    const pid_t child = start_traced([] { return 0; });
    const user_regs_struct before = registers(child);
    std::printf("cs %#llx ss %#llx ds %#llx es %#llx fs %#llx gs %#llx\n", before.cs, before.ss,
                before.ds, before.es, before.fs, before.gs);
    // Flags: all that a program could set by itself, and nothing else.
    show("all flags", poke_user(child, RF_USER(eflags), ~0UL));
    show_register("eflags", 0, peek(PTRACE_PEEKUSER, child, RF_USER(eflags)));
    show("no flags", poke_user(child, RF_USER(eflags), 0));
    show_register("eflags", 0, peek(PTRACE_PEEKUSER, child, RF_USER(eflags)));
    show("flags as before", poke_user(child, RF_USER(eflags), before.eflags));
    for (const unsigned long selector : {0UL, 0x10UL, 0x18UL, 0x23UL, 0x33UL}) {
        show_register("cs", poke_user(child, RF_USER(cs), selector), selector);
        show_register("ss", poke_user(child, RF_USER(ss), selector), selector);
        show_register("ds", poke_user(child, RF_USER(ds), selector), selector);
        show_register("gs", poke_user(child, RF_USER(gs), selector & 3), selector & 3);
    }
    show("segments as before", set_registers(child, before));
    for (const unsigned long base :
         {0x1000UL, 0x7fff'ffff'e000UL, 0x8000'0000'0000UL, 0xffff'8000'0000'0000UL, ~0UL}) {
        show_register("fs_base", poke_user(child, RF_USER(fs_base), base), base);
        show_register("gs_base", poke_user(child, RF_USER(gs_base), base), base);
    }
    show("all as before", set_registers(child, before));
    show("an odd offset", poke_user(child, 4, 0));
    show("an offset beyond", poke_user(child, 1 << 16, 0));
    show("between registers", poke_user(child, 40 * sizeof(long), 0));
    end("the end", child);
}

void bad_places() {
    for (const unsigned long rip : {0x8000'0000'0000UL, 0xffff'8000'0000'0000UL, ~0UL, 0UL}) {
        const pid_t child = start_traced([] { return 0; });
        user_regs_struct all = registers(child);
        all.rip = rip;
        all.rcx = rip;  // what SYSRET would take
        all.r11 = all.eflags;
        show("a bad place", set_registers(child, all));
        go_on(child);
        next("there", child);
        siginfo_t information{};
        show("what it says", trace(PTRACE_GETSIGINFO, child, 0, &information));
        std::printf("signal %d, code %d\n", information.si_signo, information.si_code);
        end("the end", child);
    }
}

void register_sets() {
    const pid_t child = start_traced([] { return 0; });
    user_regs_struct all{};
    iovec vector{&all, sizeof(all)};
    show("NT_PRSTATUS", trace(PTRACE_GETREGSET, child, NT_PRSTATUS, &vector));
    const user_regs_struct same = registers(child);
    std::printf("%zu bytes, the same: %d\n", vector.iov_len,
                std::memcmp(&all, &same, sizeof(all)) == 0);
    vector.iov_len = 20;
    show("part of a word", trace(PTRACE_GETREGSET, child, NT_PRSTATUS, &vector));
    vector.iov_len = 16;
    show("two words", trace(PTRACE_SETREGSET, child, NT_PRSTATUS, &vector));
    std::printf("%zu bytes\n", vector.iov_len);
    show("an unknown set", trace(PTRACE_GETREGSET, child, 4711, &vector));
    show("a bad vector", trace(PTRACE_GETREGSET, child, NT_PRSTATUS, 8UL));

    user_fpregs_struct state{};
    show("GETFPREGS", trace(PTRACE_GETFPREGS, child, 0, &state));
    std::printf("control word %#x, mxcsr %#x\n", state.cwd, state.mxcsr);
    state.xmm_space[0] = 0x12345678;
    state.cwd = 0x27f;
    show("SETFPREGS", trace(PTRACE_SETFPREGS, child, 0, &state));
    user_fpregs_struct again{};
    vector = {&again, sizeof(again)};
    show("NT_PRFPREG", trace(PTRACE_GETREGSET, child, NT_PRFPREG, &vector));
    std::printf("control word %#x, xmm0 %#x\n", again.cwd, again.xmm_space[0]);
    state.mxcsr = 0xffff'0000;
    show("bad MXCSR", trace(PTRACE_SETFPREGS, child, 0, &state));

    alignas(64) static unsigned char extended[64 * 1024];  // as much as any host's processor has
    vector = {extended, sizeof(extended)};
    show("NT_X86_XSTATE", trace(PTRACE_GETREGSET, child, NT_X86_XSTATE, &vector));
    uint32_t xmm0 = 0;
    std::memcpy(&xmm0, extended + 160, sizeof(xmm0));
    std::printf("xmm0 %#x\n", xmm0);
    show("the same again", trace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &vector));
    vector.iov_len -= 8;
    show("too little", trace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &vector));
    vector.iov_len += 8;
    extended[512 + 16] = 1;  // reserved in the header
    show("a bad header", trace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &vector));
    end("the end", child);
}

void steps() {
    const pid_t child = start_traced([] { return in_steps(); });
    go_on(child);
    next("a breakpoint", child);
    int count = 0;
    const uint64_t start = registers(child).rip;
    for (;;) {
        go_on(child, PTRACE_SINGLESTEP);
        int status = 0;
        require(waitpid(child, &status, 0) == child, "waitpid");
        const user_regs_struct all = registers(child);
        if (count++ < 12) {
            siginfo_t information{};
            trace(PTRACE_GETSIGINFO, child, 0, &information);
            std::printf("step to %lld: signal %d, code %d, TF %d\n",
                        static_cast<long long>(all.rip - start), WSTOPSIG(status),
                        information.si_code, (all.eflags >> 8 & 1) != 0);
        }
        siginfo_t information{};
        trace(PTRACE_GETSIGINFO, child, 0, &information);
        if (!WIFSTOPPED(status) || information.si_code == SI_KERNEL) {
            break;
        }
    }
    go_on(child);
    // POPF has left TF to the program, by itself.
    next("with TF of its own", child);
    end("the end", child);
}

void memory() {
    void* const hidden =
        mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void* const shared = mmap(nullptr, page, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    static_cast<uint64_t*>(hidden)[0] = 0x77;
    require(mprotect(hidden, page, PROT_NONE) == 0, "mprotect");
    static constexpr uint64_t constant[2] = {0x5555, 0x6666};
    const pid_t child = start_traced([&] {
        mprotect(hidden, page, PROT_READ);
        const bool good = words[1] == 99 && static_cast<uint64_t*>(hidden)[0] == 0x78 &&
                          *static_cast<const volatile uint64_t*>(constant) == 0x4444;
        return good ? 1 : 2;
    });
    std::printf("words: %llu %llu\n",
                static_cast<unsigned long long>(
                    peek(PTRACE_PEEKDATA, child, place(const_cast<uint64_t*>(words)))),
                static_cast<unsigned long long>(
                    peek(PTRACE_PEEKTEXT, child, place(const_cast<uint64_t*>(words) + 1))));
    const auto poke = [&](const char* name, const void* to, unsigned long value) {
        show(name, trace(PTRACE_POKEDATA, child, place(to), value));
    };
    poke("a word", const_cast<uint64_t*>(words) + 1, 99);
    poke("a constant", constant, 0x4444);
    poke("what it may not touch", hidden, 0x78);
    poke("what it shares and may not write", shared, 1);
    poke("nothing", reinterpret_cast<void*>(8), 1);
    poke("the kernel", reinterpret_cast<void*>(~7UL), 1);
    uint64_t word = 0;
    show("nothing", trace(PTRACE_PEEKDATA, child, 8, &word));
    show("to a bad pointer", trace(PTRACE_PEEKDATA, child, place(constant), 8UL));
    std::printf("ours: %llu %#llx\n", static_cast<unsigned long long>(words[1]),
                static_cast<unsigned long long>(*static_cast<const volatile uint64_t*>(constant)));

    char path[64];
    std::snprintf(path, sizeof(path), "/proc/%d/mem", child);
    const int file = open(path, O_RDWR | O_CLOEXEC);
    require(file >= 0, path);
    show_value("its memory", pread(file, &word, sizeof(word), static_cast<off_t>(place(constant))));
    std::printf("%#llx\n", static_cast<unsigned long long>(word));
    show_value("written", pwrite(file, &word, sizeof(word),
                                 static_cast<off_t>(place(const_cast<uint64_t*>(words) + 5))));
    show_value("nothing there", pread(file, &word, sizeof(word), 8));
    close(file);

    uint64_t taken[3] = {};
    iovec here[] = {{taken, 8}, {taken + 1, 16}};
    iovec there[] = {{const_cast<uint64_t*>(words), 24}};
    show_value("process_vm_readv", process_vm_readv(child, here, 2, there, 1, 0));
    std::printf("%llu %llu %llu\n", static_cast<unsigned long long>(taken[0]),
                static_cast<unsigned long long>(taken[1]),
                static_cast<unsigned long long>(taken[2]));
    taken[0] = 99;
    there[0] = {const_cast<uint64_t*>(words) + 1, 8};
    show_value("process_vm_writev", process_vm_writev(child, here, 1, there, 1, 0));
    there[0] = {const_cast<uint64_t*>(constant), 8};
    show_value("where it may not write", process_vm_writev(child, here, 1, there, 1, 0));
    show_value("with flags", process_vm_readv(child, here, 1, there, 1, 1));
    go_on(child);
    next("it found", child);
}

/// Each request that takes a pointer, with none that is good.
void bad_pointers() {
    const pid_t child = start_traced([] { return 0; });
    constexpr unsigned long pointers[] = {
        0, 8, ~7UL, 0xffff'8000'0000'0000, 0x8000'0000'0000, 0x7fff'ffff'effc};
    struct Request {
        const char* name;
        int number;
        unsigned long address;
    };
    const Request requests[] = {
        {"PEEKDATA", PTRACE_PEEKDATA, place(const_cast<uint64_t*>(words))},
        {"PEEKUSER", PTRACE_PEEKUSER, 0},
        {"GETREGS", PTRACE_GETREGS, 0},
        {"SETREGS", PTRACE_SETREGS, 0},
        {"GETFPREGS", PTRACE_GETFPREGS, 0},
        {"SETFPREGS", PTRACE_SETFPREGS, 0},
        {"GETREGSET", PTRACE_GETREGSET, NT_PRSTATUS},
        {"SETREGSET", PTRACE_SETREGSET, NT_PRSTATUS},
        {"GETSIGINFO", PTRACE_GETSIGINFO, 0},
        {"SETSIGINFO", PTRACE_SETSIGINFO, 0},
        {"PEEKSIGINFO", PTRACE_PEEKSIGINFO, 8},
        {"GETEVENTMSG", PTRACE_GETEVENTMSG, 0},
        {"GETSIGMASK", PTRACE_GETSIGMASK, 8},
        {"SETSIGMASK", PTRACE_SETSIGMASK, 8},
        {"GET_SYSCALL_INFO", PTRACE_GET_SYSCALL_INFO, 80},
    };
    for (const Request& request : requests) {
        for (const unsigned long pointer : pointers) {
            show(request.name, trace(request.number, child, request.address, pointer));
            if (request.number == PTRACE_GETREGSET || request.number == PTRACE_SETREGSET) {
                const iovec vector{reinterpret_cast<void*>(pointer), 64};
                show("by a good vector", trace(request.number, child, request.address, &vector));
            }
        }
    }
    end("the end", child);
}

void who_may() {
    const pid_t child = children::start([] {
        for (;;) {
            pause();
        }
        return 0;
    });
    children::as_nobody("nobody", [&] {
        show("attaching", trace(PTRACE_ATTACH, child));
        show("seizing", trace(PTRACE_SEIZE, child));
        char path[64];
        std::snprintf(path, sizeof(path), "/proc/%d/mem", child);
        show("its memory", open(path, O_RDONLY));
        iovec vector{nullptr, 0};
        show("reading nothing of it", process_vm_readv(child, &vector, 1, &vector, 1, 0));
        vector = {path, 1};
        show("reading it", process_vm_readv(child, &vector, 1, &vector, 1, 0));
        return 0;
    });
    kill(child, SIGKILL);
    next("the end", child);
}

}  // namespace

int main() {
    children::begin();
    what_may_be_written();
    bad_places();
    register_sets();
    steps();
    memory();
    bad_pointers();
    who_may();
    std::printf("done\n");
}
