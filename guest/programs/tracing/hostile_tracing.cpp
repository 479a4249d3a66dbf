// SPDX-License-Identifier: MIT
// ptrace against those who would misuse it: two tracers, loops of them, tracers and tracees that
// are killed in each stop, execve by another thread than the first, and privileges that tracing
// takes.
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <initializer_list>

#include "guest/programs/tracing/tracee.h"

using namespace tracing;

namespace {

constexpr unsigned long all_events =
    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
    PTRACE_O_TRACEEXEC | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXIT;

int sleep_for_ever() {
    for (;;) {
        pause();
    }
    return 0;
}

void two_tracers() {
    const pid_t subject = children::start(sleep_for_ever);
    show("the first", trace(PTRACE_SEIZE, subject));
    children::in_child("the second", [&] {
        show("seizing", trace(PTRACE_SEIZE, subject));
        show("attaching", trace(PTRACE_ATTACH, subject));
        show("its registers", trace(PTRACE_GETREGS, subject));
        show("its end", trace(PTRACE_KILL, subject));
        show("detaching", trace(PTRACE_DETACH, subject));
        return 0;
    });
    end("the subject", subject);
}

/// A process and its parent that trace each other; a third sees that both can be ended.
void each_other() {
    children::in_child("both", [] {
        const pid_t parent = getpid();
        const pid_t child = start_traced([&] {
            show("tracing the tracer", trace(PTRACE_SEIZE, parent));
            return 0;
        });
        go_on(child);
        next("the tracee", child);
        return 0;
    });
}

/// A chain: one traces one that traces one.
void chains() {
    const pid_t middle = children::start([] {
        const pid_t last = start_traced([] {
            raise(SIGUSR1);
            return 0;
        });
        raise(SIGSTOP);
        go_on(last);
        next("the last one", last);
        go_on(last);
        next("its end", last);
        return 7;
    });
    int status = 0;
    require(waitpid(middle, &status, WUNTRACED) == middle, "waitpid");
    show("the middle", trace(PTRACE_SEIZE, middle, 0, all_events));
    kill(middle, SIGCONT);
    while (waitpid(middle, &status, __WALL) == middle && WIFSTOPPED(status)) {
        const int signal = status >> 16 != 0 ? 0 : WSTOPSIG(status);
        go_on(middle, PTRACE_SYSCALL, signal == (SIGTRAP | 0x80) ? 0 : signal);
    }
    show_status("the middle", status);
}

/// How to come to each kind of stop; the child is in it when this returns.
struct Scene {
    const char* name;
    int request;
    int stops;  ///< how many times to go on
};

enum class OwnGroup { No, Yes };

pid_t set_up(const Scene& scene, OwnGroup own_group) {
    const pid_t child = start_traced([] {
        raise(SIGUSR1);
        const pid_t made = fork();
        if (made == 0) {
            _exit(0);
        }
        waitpid(made, nullptr, 0);
        return 3;
    });
    require(trace(PTRACE_SETOPTIONS, child, 0, all_events & ~PTRACE_O_TRACEEXIT) == 0, "options");
    if (own_group == OwnGroup::Yes) {
        require(setpgid(child, child) == 0, "setpgid");
    }
    for (int i = 0; i < scene.stops; ++i) {
        go_on(child, scene.request);
        int status = 0;
        require(waitpid(child, &status, 0) == child, "waitpid");
    }
    return child;
}

constexpr Scene scenes[] = {
    {"the first stop", PTRACE_CONT, 0},  {"a signal", PTRACE_CONT, 1},
    {"an event", PTRACE_CONT, 2},        {"a call", PTRACE_SYSCALL, 1},
    {"a call's end", PTRACE_SYSCALL, 2}, {"a step", PTRACE_SINGLESTEP, 3},
};

void killed_in_each_stop() {
    for (const Scene& scene : scenes) {
        const pid_t child = set_up(scene, OwnGroup::Yes);
        show("its group", kill(-child, SIGKILL));
        next(scene.name, child);
        while (waitpid(-1, nullptr, __WALL) > 0) {
        }
    }
}

void tracer_killed_in_each_stop() {
    for (const Scene& scene : scenes) {
        int ends[2];
        require(pipe(ends) == 0, "pipe");
        const pid_t tracer = children::start([&] {
            require(setpgid(0, 0) == 0, "setpgid");
            set_up(scene, OwnGroup::No);
            require(write(ends[1], "x", 1) == 1, "write");
            return sleep_for_ever();
        });
        char byte = 0;
        require(read(ends[0], &byte, 1) == 1, "read");
        close(ends[1]);
        kill(tracer, SIGKILL);
        next(scene.name, tracer);
        kill(-tracer, SIGKILL);  // those that have not ended by themselves
        // The end of the file is the end of all who had it open for writing.
        show_value("all are gone", read(ends[0], &byte, 1));
        close(ends[0]);
    }
}

void* replace_program(void*) {
    char path[] = "/proc/self/exe";
    char argument[] = "again";
    char* arguments[] = {path, argument, nullptr};
    execv(path, arguments);
    return nullptr;
}

void another_thread_executes() {
    const pid_t child = start_traced([] {
        pthread_t thread{};
        pthread_create(&thread, nullptr, replace_program, nullptr);
        sleep_for_ever();
        return 0;
    });
    require(trace(PTRACE_SETOPTIONS, child, 0,
                  PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD) == 0,
            "options");
    go_on(child);
    next("a new thread", child);
    unsigned long thread = 0;
    trace(PTRACE_GETEVENTMSG, child, 0, &thread);
    next("itself", static_cast<pid_t>(thread));
    go_on(child);
    go_on(static_cast<pid_t>(thread));
    next("execve", child);
    unsigned long before = 0;
    trace(PTRACE_GETEVENTMSG, child, 0, &before);
    std::printf("by the new thread: %d\n", before == thread);
    go_on(child);
    next("the new program", child);
    show("the thread's number", waitpid(static_cast<pid_t>(thread), nullptr, __WALL));
}

void not_dumpable() {
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    children::as_nobody("nobody", [&] {
        const pid_t subject = children::start([&] {
            show("not to be looked into", prctl(PR_SET_DUMPABLE, 0));
            std::fflush(stdout);
            require(write(ends[1], "x", 1) == 1, "write");
            return sleep_for_ever();
        });
        char byte = 0;
        require(read(ends[0], &byte, 1) == 1, "read");
        show("tracing it", trace(PTRACE_SEIZE, subject));
        kill(subject, SIGKILL);
        next("its end", subject);
        return 0;
    });
    close(ends[0]);
    close(ends[1]);
}

/// Who has become somebody else may not be looked into by others of that kind.
void former_superuser() {
    const pid_t subject = children::start([] {
        require(setgid(65534) == 0 && setuid(65534) == 0, "setuid");
        raise(SIGSTOP);
        return 0;
    });
    int status = 0;
    require(waitpid(subject, &status, WUNTRACED) == subject, "waitpid");
    children::as_nobody("nobody", [&] {
        show("tracing who was root", trace(PTRACE_SEIZE, subject));
        return 0;
    });
    show("by root", trace(PTRACE_SEIZE, subject));
    end("its end", subject);
}

/// A file of the superuser's that gives its rights, executed by a traced process that has none.
void privileges() {
    char path[] = "/tmp/ringfence_tracing_XXXXXX";
    const int file = mkstemp(path);
    const int self = open("/proc/self/exe", O_RDONLY);
    require(file >= 0 && self >= 0, "files");
    char bytes[4096];
    for (ssize_t count = 0; (count = read(self, bytes, sizeof(bytes))) > 0;) {
        require(write(file, bytes, static_cast<size_t>(count)) == count, "write");
    }
    require(fchmod(file, 04755) == 0, "fchmod");
    close(file);
    close(self);
    for (const bool traced : {false, true}) {
        children::as_nobody("nobody", [&] {
            const auto become = [&] {
                char argument[] = "user";
                char* arguments[] = {path, argument, nullptr};
                execv(path, arguments);
                return 99;
            };
            if (!traced) {
                children::in_child("with the file's rights", become);
                return 0;
            }
            const pid_t child = start_traced(become);
            go_on(child);
            next("execve", child);
            go_on(child);
            next("without them", child);
            return 0;
        });
    }
    unlink(path);
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 0 && std::strcmp(arguments[count - 1], "again") == 0) {
        return 44;
    }
    if (count > 0 && std::strcmp(arguments[count - 1], "user") == 0) {
        return geteuid() == 0 ? 1 : 2;
    }
    children::begin();
    adopt_orphans();
    two_tracers();
    each_other();
    chains();
    killed_in_each_stop();
    tracer_killed_in_each_stop();
    another_thread_executes();
    not_dumpable();
    former_superuser();
    privileges();
    wait_for_orphans();
    std::printf("done\n");
}
