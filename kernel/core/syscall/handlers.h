// SPDX-License-Identifier: MIT
// Every system call that the kernel has, with the types that Linux documents for it in section 2
// of its manual ([linux/abi]). Arguments come from the program unchecked; a handler validates all
// of them. Numbers of another width are cut to the declared one, as the C prototypes say.
#pragma once

#include "base/address.h"
#include "kernel/core/errors.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel::syscalls {

using Value = Fallible<u64>;
using Nothing = Fallible<void>;
using Pointer = VirtualAddress;

// descriptors.cpp
Nothing close(i32 descriptor);
Nothing close_range(u32 first, u32 last, u32 flags);
Value dup(i32 descriptor);
Value dup2(i32 descriptor, i32 wanted);
Value dup3(i32 descriptor, i32 wanted, u32 flags);
Value fcntl(i32 descriptor, u32 command, u64 argument);
Value ioctl(i32 descriptor, u32 request, u64 argument);
Nothing flock(i32 descriptor, u32 operation);
Nothing pipe(Pointer descriptors);
Nothing pipe2(Pointer descriptors, u32 flags);
Value eventfd(u32 initial);
Value eventfd2(u32 initial, u32 flags);
Value memfd_create(Pointer name, u32 flags);

// file_io.cpp, file_vectors.cpp, file_copy.cpp, splice.cpp
Value read(i32 descriptor, Pointer buffer, u64 size);
Value write(i32 descriptor, Pointer buffer, u64 size);
Value pread64(i32 descriptor, Pointer buffer, u64 size, i64 offset);
Value pwrite64(i32 descriptor, Pointer buffer, u64 size, i64 offset);
Value readv(i32 descriptor, Pointer vectors, u64 count);
Value writev(i32 descriptor, Pointer vectors, u64 count);
Value preadv(i32 descriptor, Pointer vectors, u64 count, i64 offset);
Value pwritev(i32 descriptor, Pointer vectors, u64 count, i64 offset);
Value preadv2(i32 descriptor, Pointer vectors, u64 count, i64 offset, u64 upper, u32 flags);
Value pwritev2(i32 descriptor, Pointer vectors, u64 count, i64 offset, u64 upper, u32 flags);
Value lseek(i32 descriptor, i64 offset, u32 whence);
Value sendfile(i32 to, i32 from, Pointer offset, u64 count);
Value copy_file_range(i32 from, Pointer from_offset, i32 to, Pointer to_offset, u64 count,
                      u32 flags);
Value splice(i32 from, Pointer from_offset, i32 to, Pointer to_offset, u64 count, u32 flags);
Value tee(i32 from, i32 to, u64 count, u32 flags);
Value vmsplice(i32 descriptor, Pointer vectors, u64 count, u32 flags);
Nothing fsync(i32 descriptor);
Nothing fdatasync(i32 descriptor);
Nothing syncfs(i32 descriptor);
Nothing sync();
Nothing sync_file_range(i32 descriptor, i64 offset, i64 size, u32 flags);
Nothing fadvise64(i32 descriptor, i64 offset, i64 size, i32 advice);
Nothing readahead(i32 descriptor, i64 offset, u64 size);
Nothing truncate(Pointer path, i64 size);
Nothing ftruncate(i32 descriptor, i64 size);
Nothing fallocate(i32 descriptor, u32 mode, i64 offset, i64 size);
Value getdents64(i32 descriptor, Pointer buffer, u32 size);

// open.cpp
Value open(Pointer path, u32 flags, u32 mode);
Value openat(i32 directory, Pointer path, u32 flags, u32 mode);
Value openat2(i32 directory, Pointer path, Pointer how, u64 size);
Value creat(Pointer path, u32 mode);

// names.cpp
Nothing mkdir(Pointer path, u32 mode);
Nothing mkdirat(i32 directory, Pointer path, u32 mode);
Nothing mknod(Pointer path, u32 mode, u64 device);
Nothing mknodat(i32 directory, Pointer path, u32 mode, u64 device);
Nothing rmdir(Pointer path);
Nothing unlink(Pointer path);
Nothing unlinkat(i32 directory, Pointer path, u32 flags);
Nothing link(Pointer existing, Pointer path);
Nothing linkat(i32 old_directory, Pointer existing, i32 directory, Pointer path, u32 flags);
Nothing symlink(Pointer target, Pointer path);
Nothing symlinkat(Pointer target, i32 directory, Pointer path);
Nothing rename(Pointer old_path, Pointer new_path);
Nothing renameat(i32 old_directory, Pointer old_path, i32 new_directory, Pointer new_path);
Nothing renameat2(i32 old_directory, Pointer old_path, i32 new_directory, Pointer new_path,
                  u32 flags);
Value readlink(Pointer path, Pointer buffer, i32 size);
Value readlinkat(i32 directory, Pointer path, Pointer buffer, i32 size);
Nothing chdir(Pointer path);
Nothing fchdir(i32 descriptor);
Nothing chroot(Pointer path);
Value getcwd(Pointer buffer, u64 size);
Value umask(u32 mask);

// status.cpp
Nothing stat(Pointer path, Pointer status);
Nothing lstat(Pointer path, Pointer status);
Nothing fstat(i32 descriptor, Pointer status);
Nothing newfstatat(i32 directory, Pointer path, Pointer status, u32 flags);
Nothing statx(i32 directory, Pointer path, u32 flags, u32 mask, Pointer status);
Nothing statfs(Pointer path, Pointer status);
Nothing fstatfs(i32 descriptor, Pointer status);

// attributes.cpp
Nothing access(Pointer path, u32 mode);
Nothing faccessat(i32 directory, Pointer path, u32 mode);
Nothing faccessat2(i32 directory, Pointer path, u32 mode, u32 flags);
Nothing chmod(Pointer path, u32 mode);
Nothing fchmod(i32 descriptor, u32 mode);
Nothing fchmodat(i32 directory, Pointer path, u32 mode);
Nothing chown(Pointer path, u32 owner, u32 group);
Nothing lchown(Pointer path, u32 owner, u32 group);
Nothing fchown(i32 descriptor, u32 owner, u32 group);
Nothing fchownat(i32 directory, Pointer path, u32 owner, u32 group, u32 flags);
Nothing utime(Pointer path, Pointer times);
Nothing utimes(Pointer path, Pointer times);
Nothing futimesat(i32 directory, Pointer path, Pointer times);
Nothing utimensat(i32 directory, Pointer path, Pointer times, u32 flags);

// priorities.cpp
Value getpriority(u32 which, i32 who);
Nothing setpriority(u32 which, i32 who, i32 value);
Value ioprio_get(u32 which, i32 who);
Nothing ioprio_set(u32 which, i32 who, u32 value);

// extended_attributes.cpp
Value getxattr(Pointer path, Pointer name);
Value lgetxattr(Pointer path, Pointer name);
Value fgetxattr(i32 descriptor, Pointer name);
Value listxattr(Pointer path);
Value llistxattr(Pointer path);
Value flistxattr(i32 descriptor);
Nothing setxattr(Pointer path, Pointer name, Pointer value, u64 size, u32 flags);
Nothing lsetxattr(Pointer path, Pointer name, Pointer value, u64 size, u32 flags);
Nothing fsetxattr(i32 descriptor, Pointer name, Pointer value, u64 size, u32 flags);
Nothing removexattr(Pointer path, Pointer name);
Nothing lremovexattr(Pointer path, Pointer name);
Nothing fremovexattr(i32 descriptor, Pointer name);

// memory.cpp
Value mmap(Pointer address, u64 size, u32 protection, u32 flags, i32 descriptor, u64 offset);
Nothing munmap(Pointer address, u64 size);
Nothing mprotect(Pointer address, u64 size, u32 protection);
Value mremap(Pointer address, u64 old_size, u64 new_size, u32 flags, Pointer target);
Nothing madvise(Pointer address, u64 size, i32 advice);
Nothing mincore(Pointer address, u64 size, Pointer residency);
Nothing msync(Pointer address, u64 size, u32 flags);
Nothing mlock(Pointer address, u64 size);
Nothing mlock2(Pointer address, u64 size, u32 flags);
Nothing munlock(Pointer address, u64 size);
Nothing mlockall(u32 flags);
Nothing munlockall();
Value brk(Pointer address);

// lifecycle.cpp, waiting.cpp
Value fork(arch::TrapFrame& frame);
Value vfork(arch::TrapFrame& frame);
Value clone(arch::TrapFrame& frame, u64 flags, Pointer stack, Pointer parent_id, Pointer child_id,
            Pointer thread_pointer);
Value clone3(arch::TrapFrame& frame, Pointer arguments, u64 size);
Value execve(arch::TrapFrame& frame, Pointer path, Pointer arguments, Pointer environment);
Value execveat(arch::TrapFrame& frame, i32 directory, Pointer path, Pointer arguments,
               Pointer environment, u32 flags);
Nothing exit(u32 code);
Nothing exit_group(u32 code);
Value wait4(i32 id, Pointer status, u32 options, Pointer usage);
Nothing waitid(u32 kind, i32 id, Pointer information, u32 options, Pointer usage);
Value set_tid_address(Pointer address);
Nothing set_robust_list(Pointer head, u64 size);
Nothing get_robust_list(i32 id, Pointer head, Pointer size);
Nothing rseq();

// sharing.cpp
Nothing unshare(u64 flags);

// identity.cpp
Value getpid();
Value gettid();
Value getppid();
Value getuid();
Value geteuid();
Value getgid();
Value getegid();
Nothing getresuid(Pointer real, Pointer effective, Pointer saved);
Nothing getresgid(Pointer real, Pointer effective, Pointer saved);
Nothing setuid(u32 id);
Nothing setgid(u32 id);
Nothing setreuid(u32 real, u32 effective);
Nothing setregid(u32 real, u32 effective);
Nothing setresuid(u32 real, u32 effective, u32 saved);
Nothing setresgid(u32 real, u32 effective, u32 saved);
Value setfsuid(u32 id);
Value setfsgid(u32 id);
Value getgroups(i32 size, Pointer list);
Nothing setgroups(u64 size, Pointer list);
Value getpgrp();
Value getpgid(i32 id);
Nothing setpgid(i32 id, i32 group);
Value getsid(i32 id);
Value setsid();

// signals.cpp
Nothing rt_sigaction(u32 number, Pointer action, Pointer old, u64 set_size);
Nothing rt_sigprocmask(u32 how, Pointer set, Pointer old, u64 set_size);
Nothing rt_sigpending(Pointer set, u64 set_size);
Nothing rt_sigsuspend(Pointer set, u64 set_size);
Value rt_sigtimedwait(Pointer set, Pointer information, Pointer timeout, u64 set_size);
Value rt_sigreturn(arch::TrapFrame& frame);
Nothing sigaltstack(arch::TrapFrame& frame, Pointer stack, Pointer old);
Nothing kill(i32 id, u32 number);
Nothing tkill(i32 thread, u32 number);
Nothing tgkill(i32 process, i32 thread, u32 number);
Nothing pause();

// queued_signals.cpp
Nothing rt_sigqueueinfo(i32 id, u32 number, Pointer information);
Nothing rt_tgsigqueueinfo(i32 process, i32 id, u32 number, Pointer information);

// process_files.cpp
Value pidfd_open(i32 id, u32 flags);
Nothing pidfd_send_signal(i32 descriptor, u32 number, Pointer information, u32 flags);
Value pidfd_getfd(i32 descriptor, i32 wanted, u32 flags);

// time_calls.cpp
Nothing nanosleep(Pointer duration, Pointer remaining);
Nothing clock_nanosleep(u32 clock, u32 flags, Pointer duration, Pointer remaining);
Nothing clock_gettime(u32 clock, Pointer time);
Nothing clock_getres(u32 clock, Pointer resolution);
Nothing gettimeofday(Pointer time, Pointer zone);
Value time(Pointer time);
Value times(Pointer times);
Value alarm(u32 seconds);
Nothing clock_settime(u32 clock, Pointer time);
Nothing restart_syscall();
Nothing getitimer(u32 which, Pointer value);
Nothing setitimer(u32 which, Pointer value, Pointer old);

// poll.cpp, select.cpp
Value poll(Pointer entries, u32 count, i32 timeout);
Value ppoll(Pointer entries, u32 count, Pointer timeout, Pointer mask, u64 mask_size);
Value select(i32 count, Pointer readable, Pointer writable, Pointer exceptional, Pointer timeout);
Value pselect6(i32 count, Pointer readable, Pointer writable, Pointer exceptional, Pointer timeout,
               Pointer mask);

// epoll.cpp
Value epoll_create(i32 size);
Value epoll_create1(u32 flags);
Nothing epoll_ctl(i32 descriptor, u32 operation, i32 target, Pointer event);
Value epoll_wait(i32 descriptor, Pointer events, i32 most, i32 timeout);
Value epoll_pwait(i32 descriptor, Pointer events, i32 most, i32 timeout, Pointer mask,
                  u64 mask_size);
Value epoll_pwait2(i32 descriptor, Pointer events, i32 most, Pointer timeout, Pointer mask,
                   u64 mask_size);

// inotify.cpp
Value inotify_init();
Value inotify_init1(u32 flags);
Value inotify_add_watch(i32 descriptor, Pointer path, u32 mask);
Nothing inotify_rm_watch(i32 descriptor, i32 watch);

// posix_timers.cpp
Nothing timer_create(u32 clock, Pointer event, Pointer id);
Nothing timer_settime(u32 id, u32 flags, Pointer value, Pointer old);
Nothing timer_gettime(u32 id, Pointer value);
Value timer_getoverrun(u32 id);
Nothing timer_delete(u32 id);

// timer_files.cpp, signal_files.cpp
Value timerfd_create(u32 clock, u32 flags);
Nothing timerfd_settime(i32 descriptor, u32 flags, Pointer value, Pointer old);
Nothing timerfd_gettime(i32 descriptor, Pointer value);
Value signalfd(i32 descriptor, Pointer set, u64 set_size);
Value signalfd4(i32 descriptor, Pointer set, u64 set_size, u32 flags);

// sockets.cpp, socket_options.cpp
Value socket(u32 family, u32 type, u32 protocol);
Nothing socketpair(u32 family, u32 type, u32 protocol, Pointer descriptors);
Nothing bind(i32 descriptor, Pointer address, i32 size);
Nothing listen(i32 descriptor, i32 backlog);
Value accept(i32 descriptor, Pointer address, Pointer size);
Value accept4(i32 descriptor, Pointer address, Pointer size, u32 flags);
Nothing connect(i32 descriptor, Pointer address, i32 size);
Nothing shutdown(i32 descriptor, u32 how);
Nothing getsockname(i32 descriptor, Pointer address, Pointer size);
Nothing getpeername(i32 descriptor, Pointer address, Pointer size);
Nothing setsockopt(i32 descriptor, u32 level, u32 name, Pointer value, i32 size);
Nothing getsockopt(i32 descriptor, u32 level, u32 name, Pointer value, Pointer size);

// socket_messages.cpp
Value sendto(i32 descriptor, Pointer buffer, u64 size, u32 flags, Pointer address,
             i32 address_size);
Value recvfrom(i32 descriptor, Pointer buffer, u64 size, u32 flags, Pointer address,
               Pointer address_size);
Value sendmsg(i32 descriptor, Pointer header, u32 flags);
Value recvmsg(i32 descriptor, Pointer header, u32 flags);
Value sendmmsg(i32 descriptor, Pointer headers, u32 count, u32 flags);
Value recvmmsg(i32 descriptor, Pointer headers, u32 count, u32 flags, Pointer timeout);

// system.cpp
Nothing uname(Pointer names);
Nothing sysinfo(Pointer information);
Value prctl(u32 option, u64 argument, u64 second, u64 third, u64 fourth);
Value arch_prctl(u32 operation, u64 address);
Value modify_ldt(u32 function, Pointer pointer, u64 bytes);
Value getrandom(Pointer buffer, u64 size, u32 flags);
Value syslog(u32 type, Pointer buffer, i32 size);
Value personality(u32 wanted);
Nothing sethostname(Pointer name, u64 size);
Value membarrier(u32 command, u32 flags);
Nothing capget(Pointer header, Pointer data);
Nothing capset(Pointer header, Pointer data);
Nothing vhangup();

// resources.cpp
Nothing getrlimit(u32 resource, Pointer limit);
Nothing setrlimit(u32 resource, Pointer limit);
Nothing prlimit64(i32 id, u32 resource, Pointer limit, Pointer old);
Nothing getrusage(i32 who, Pointer usage);

// scheduling.cpp
Nothing sched_yield();
Value sched_getaffinity(i32 id, u64 size, Pointer mask);
Nothing sched_setaffinity(i32 id, u64 size, Pointer mask);
Nothing getcpu(Pointer cpu, Pointer node);

// scheduling_policies.cpp
Nothing sched_getparam(i32 id, Pointer parameter);
Nothing sched_setparam(i32 id, Pointer parameter);
Value sched_getscheduler(i32 id);
Nothing sched_setscheduler(i32 id, u32 policy, Pointer parameter);
Value sched_get_priority_max(u32 policy);
Value sched_get_priority_min(u32 policy);
Nothing sched_setattr(i32 id, Pointer attributes, u32 flags);
Nothing sched_getattr(i32 id, Pointer attributes, u32 size, u32 flags);
Nothing sched_rr_get_interval(i32 id, Pointer interval);

// futex.cpp
Value futex(Pointer word, u32 operation, u32 value, u64 timeout_or_value, Pointer second_word,
            u32 third_value);

// shared_memory.cpp
Value shmget(i32 key, u64 size, u32 flags);
Value shmat(i32 id, Pointer address, u32 flags);
Nothing shmdt(Pointer address);
Value shmctl(i32 id, i32 command, Pointer buffer);

// semaphores.cpp, semaphore_control.cpp
Value semget(i32 key, i32 count, u32 flags);
Nothing semop(i32 id, Pointer operations, u32 count);
Nothing semtimedop(i32 id, Pointer operations, u32 count, Pointer timeout);
Value semctl(i32 id, i32 number, i32 command, u64 argument);

// message_queues.cpp, message_queue_control.cpp
Value msgget(i32 key, u32 flags);
Nothing msgsnd(i32 id, Pointer buffer, u64 size, u32 flags);
Value msgrcv(i32 id, Pointer buffer, u64 size, i64 type, u32 flags);
Value msgctl(i32 id, i32 command, Pointer buffer);

// posix_queues.cpp
Value mq_open(Pointer name, u32 flags, u32 mode, Pointer attributes);
Nothing mq_unlink(Pointer name);
Nothing mq_timedsend(i32 descriptor, Pointer text, u64 size, u32 priority, Pointer time);
Value mq_timedreceive(i32 descriptor, Pointer buffer, u64 size, Pointer priority, Pointer time);
Nothing mq_notify(i32 descriptor, Pointer event);
Nothing mq_getsetattr(i32 descriptor, Pointer wanted, Pointer old);

// ptrace.cpp, process_memory.cpp
Value ptrace(u64 request, i32 id, u64 address, u64 data);
Value process_vm_readv(i32 id, Pointer local, u64 local_count, Pointer remote, u64 remote_count,
                       u64 flags);
Value process_vm_writev(i32 id, Pointer local, u64 local_count, Pointer remote, u64 remote_count,
                        u64 flags);

}  // namespace ringfence::kernel::syscalls
