// SPDX-License-Identifier: MIT
// Processes, signals, time, memory and the system.
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <csignal>
#include <ctime>
#include <iterator>

#include "guest/programs/pointers/call.h"

namespace pointers {

namespace {

constexpr char program[] = "/proc/self/exe";
constexpr char name[] = "a name";
constexpr char* no_strings[] = {nullptr};
const clone_args new_process{.flags = 0,
                             .pidfd = 0,
                             .child_tid = 0,
                             .parent_tid = 0,
                             .exit_signal = SIGCHLD,
                             .stack = 1,  // refused: a stack without a size
                             .stack_size = 0,
                             .tls = 0,
                             .set_tid = 0,
                             .set_tid_size = 0,
                             .cgroup = 0};
/// As the kernel has it: the handler, flags, the restorer, the mask.
const long ignored[4] = {1, 0, 0, 0};
constexpr sigset_t no_signals{};
constexpr unsigned long usr2 = 1UL << (SIGUSR2 - 1);
constexpr stack_t no_stack{nullptr, SS_DISABLE, 0};
const struct {
    int number, error, code, pad;
    long rest[14];
} queued{SIGUSR2, 0, SI_QUEUE, 0, {}};
const struct {
    int number, error, code, pad;
    long rest[14];
} asked{0, 0, SI_QUEUE, 0, {}};
constexpr timespec no_time{};
constexpr timespec short_time{0, 1};
constexpr itimerval no_interval{};
constexpr itimerspec no_timer{};
constexpr rlimit64 limit{0, 0};
constexpr int word = 5;
constexpr unsigned long mask = 1;
constexpr unsigned groups[2] = {0, 0};
const sched_param priority{};
/// `struct sched_attr`, its first form, of SCHED_OTHER.
const unsigned attributes[12] = {48};
const __user_cap_header_struct capability{_LINUX_CAPABILITY_VERSION_3, 0};
const user_desc descriptor{};
sigevent notification_of_none() {
    sigevent notification{};
    notification.sigev_notify = SIGEV_NONE;
    return notification;
}
const sigevent notification = notification_of_none();

const Call calls[] = {
    {"execve", SYS_execve, {in(program), in(no_strings), in(no_strings)}},
    {"execveat", SYS_execveat, {v(-1), in(program), in(no_strings), in(no_strings), v(0)}},
    {"clone3", SYS_clone3, {in(new_process), v(sizeof new_process)}},
    {"clone, pidfd", SYS_clone, {v(CLONE_PIDFD | CLONE_THREAD), v(0), out(4), v(0), v(0)}},
    {"pidfd_send_signal", SYS_pidfd_send_signal, {v(process), v(0), in(asked), v(0)}},
    {"wait4", SYS_wait4, {v(-1), out(4), v(0), out(sizeof(rusage))}, true},
    {"waitid", SYS_waitid, {v(P_ALL), v(0), out(128), v(WEXITED), out(sizeof(rusage))}, true},
    {"set_robust_list", SYS_set_robust_list, {in(ignored), v(24)}},
    {"get_robust_list", SYS_get_robust_list, {v(0), out(8), out(8)}},
    {"getresuid", SYS_getresuid, {out(4), out(4), out(4)}},
    {"getresgid", SYS_getresgid, {out(4), out(4), out(4)}},
    {"setgroups", SYS_setgroups, {v(2), in(groups)}},
    {"rt_sigaction", SYS_rt_sigaction, {v(SIGUSR1), in(ignored), out(32), v(8)}},
    {"rt_sigprocmask", SYS_rt_sigprocmask, {v(SIG_SETMASK), in(no_signals), out(8), v(8)}},
    {"rt_sigpending", SYS_rt_sigpending, {out(8), v(8)}},
    {"rt_sigtimedwait", SYS_rt_sigtimedwait, {in(usr2), out(128), in(no_time), v(8)}},
    {"rt_sigsuspend", SYS_rt_sigsuspend, {in(no_signals), v(8)}},
    {"rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo, {v(0), v(0), v(0), in(queued)}},
    {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {v(0), v(0), in(queued)}},
    {"sigaltstack", SYS_sigaltstack, {in(no_stack), out(24)}},
    {"nanosleep", SYS_nanosleep, {in(short_time), out(16)}},
    {"clock_nanosleep", SYS_clock_nanosleep, {v(CLOCK_MONOTONIC), v(0), in(short_time), out(16)}},
    {"clock_gettime", SYS_clock_gettime, {v(CLOCK_MONOTONIC), out(16)}},
    {"clock_getres", SYS_clock_getres, {v(CLOCK_MONOTONIC), out(16)}},
    {"gettimeofday", SYS_gettimeofday, {out(16), out(8)}},
    {"time", SYS_time, {out(8)}},
    {"times", SYS_times, {out(32)}},
    {"getitimer", SYS_getitimer, {v(ITIMER_REAL), out(32)}},
    {"setitimer", SYS_setitimer, {v(ITIMER_REAL), in(no_interval), out(32)}},
    {"getitimer, CPU", SYS_getitimer, {v(ITIMER_PROF), out(32)}},
    {"setitimer, CPU", SYS_setitimer, {v(ITIMER_VIRTUAL), in(no_interval), out(32)}},
    {"clock_nanosleep, CPU",
     SYS_clock_nanosleep,
     {v(CLOCK_PROCESS_CPUTIME_ID), v(TIMER_ABSTIME), in(short_time), v(0)}},
    {"timer_create, CPU", SYS_timer_create, {v(CLOCK_THREAD_CPUTIME_ID), in(notification), out(4)}},
    {"timer_create", SYS_timer_create, {v(CLOCK_MONOTONIC), in(notification), out(4)}},
    {"timer_settime", SYS_timer_settime, {v(77), v(0), in(no_timer), out(32)}},
    {"timer_gettime", SYS_timer_gettime, {v(77), out(32)}},
    {"futex, wait", SYS_futex, {in(word), v(FUTEX_WAIT), v(5), in(no_time), v(0), v(0)}},
    {"futex, other value", SYS_futex, {in(word), v(FUTEX_WAIT), v(6), in(no_time), v(0), v(0)}},
    {"futex, wake", SYS_futex, {in(word), v(FUTEX_WAKE), v(1), v(0), v(0), v(0)}},
    {"futex, requeue", SYS_futex, {in(word), v(FUTEX_CMP_REQUEUE), v(1), v(1), in(word), v(5)}},
    {"futex, wake and change",
     SYS_futex,
     {in(word), v(FUTEX_WAKE_OP), v(1), v(1), in_out(word), v(0)}},
    {"mincore", SYS_mincore, {v(0x7000'0000'0000), v(4096), out(1)}},
    {"uname", SYS_uname, {out(390)}},
    {"sysinfo", SYS_sysinfo, {out(112)}},
    {"getrandom", SYS_getrandom, {out(32), v(32), v(0)}},
    {"sethostname", SYS_sethostname, {in(name), v(sizeof name)}},
    {"capget", SYS_capget, {in_out(capability), out(24)}},
    {"getrlimit", SYS_getrlimit, {v(RLIMIT_STACK), out(16)}},
    {"setrlimit", SYS_setrlimit, {v(RLIMIT_CORE), in(limit)}},
    {"prlimit64", SYS_prlimit64, {v(0), v(RLIMIT_CORE), in(limit), out(16)}},
    {"getrusage", SYS_getrusage, {v(RUSAGE_SELF), out(sizeof(rusage))}},
    {"sched_getaffinity", SYS_sched_getaffinity, {v(0), v(1024), out(8)}},
    {"sched_setaffinity", SYS_sched_setaffinity, {v(0), v(8), in(mask)}},
    {"sched_setattr", SYS_sched_setattr, {v(0), in(attributes), v(0)}},
    {"sched_getattr", SYS_sched_getattr, {v(0), out(48), v(48), v(0)}},
    {"sched_rr_get_interval", SYS_sched_rr_get_interval, {v(0), out(16)}},
    {"sched_getparam", SYS_sched_getparam, {v(0), out(4)}},
    {"sched_setparam", SYS_sched_setparam, {v(0), in(priority)}},
    {"sched_setscheduler", SYS_sched_setscheduler, {v(0), v(0), in(priority)}},
    {"getcpu", SYS_getcpu, {out(4), out(4), v(0)}},
    {"prctl, set name", SYS_prctl, {v(PR_SET_NAME), in(name)}},
    {"prctl, get name", SYS_prctl, {v(PR_GET_NAME), out(16)}},
    {"prctl, PDEATHSIG", SYS_prctl, {v(PR_GET_PDEATHSIG), out(4)}},
    {"arch_prctl, FS", SYS_arch_prctl, {v(ARCH_GET_FS), out(8)}},
    {"arch_prctl, GS", SYS_arch_prctl, {v(ARCH_GET_GS), out(8)}},
    {"modify_ldt, read", SYS_modify_ldt, {v(2), out(128), v(128)}},
    {"modify_ldt, write", SYS_modify_ldt, {v(0x11), in(descriptor), v(16)}},
};

}  // namespace

Table other_calls() {
    return {calls, std::size(calls)};
}

}  // namespace pointers
