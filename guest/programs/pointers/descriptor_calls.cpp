// SPDX-License-Identifier: MIT
// Files, names and what else a descriptor stands for.
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <utime.h>
#include <csignal>
#include <ctime>
#include <iterator>

#include "guest/programs/pointers/call.h"

namespace pointers {

namespace {

constexpr long here = AT_FDCWD;
constexpr char path[] = "/dev/null";
constexpr char missing[] = "/missing";
constexpr char name[] = "user.x";
constexpr timespec no_time[2] = {};
constexpr timeval no_microseconds[2] = {};
constexpr off_t offset = 0;
const open_how how{.flags = O_RDONLY, .mode = 0, .resolve = 0};
const utimbuf both_times{};
const flock lock{.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
const pollfd polled{static_cast<int>(counter), POLLIN, 0};
const epoll_event event{.events = EPOLLIN, .data = {}};
const sigset_t no_signals{};
const itimerspec one_second{.it_interval = {0, 0}, .it_value = {1, 0}};
char byte[4];
const iovec two_bytes{byte, 2};
constexpr long long counted = 1;
constexpr int number = 0;
fd_set ready_set() {
    fd_set descriptors{};
    FD_SET(static_cast<int>(counter), &descriptors);
    return descriptors;
}
const fd_set ready = ready_set();
/// What pselect6 takes as its last argument.
const struct {
    const sigset_t* signals;
    size_t size;
} mask{&no_signals, 8};

const Call calls[] = {
    {"read, pipe", SYS_read, {v(pipe_reader), out(4), v(4)}},
    {"read, file", SYS_read, {v(file), out(8), v(8)}},
    {"read, zeros", SYS_read, {v(zeros), out(5000), v(5000)}},
    {"read, stream", SYS_read, {v(stream), out(4), v(4)}},
    {"read, datagram", SYS_read, {v(datagram), out(8), v(8)}},
    {"read, counter", SYS_read, {v(counter), out(8), v(8)}},
    {"read, signals", SYS_read, {v(signals), out(128), v(128)}},
    {"write, pipe", SYS_write, {v(pipe_writer), in(counted), v(8)}},
    {"write, file", SYS_write, {v(file), in(counted), v(8)}},
    {"write, stream", SYS_write, {v(stream), in(counted), v(8)}},
    {"write, counter", SYS_write, {v(counter), in(counted), v(8)}},
    {"pread64", SYS_pread64, {v(file), out(8), v(8), v(4)}},
    {"pwrite64", SYS_pwrite64, {v(file), in(counted), v(8), v(4)}},
    {"readv", SYS_readv, {v(file), in(two_bytes), v(1)}},
    {"writev", SYS_writev, {v(file), in(two_bytes), v(1)}},
    {"preadv", SYS_preadv, {v(file), in(two_bytes), v(1), v(0)}},
    {"pwritev", SYS_pwritev, {v(file), in(two_bytes), v(1), v(0)}},
    {"preadv2", SYS_preadv2, {v(file), in(two_bytes), v(1), v(0), v(0), v(0)}},
    {"pwritev2", SYS_pwritev2, {v(file), in(two_bytes), v(1), v(0), v(0), v(0)}},
    {"sendfile", SYS_sendfile, {v(pipe_writer), v(file), in_out(offset), v(4)}},
    {"splice", SYS_splice, {v(file), in_out(offset), v(pipe_writer), v(0), v(4), v(0)}},
    {"splice to a file", SYS_splice, {v(pipe_reader), v(0), v(file), in_out(offset), v(4), v(0)}},
    {"copy_file_range",
     SYS_copy_file_range,
     {v(file), in_out(offset), v(file), in_out(offset), v(0), v(0)}},
    {"getdents64", SYS_getdents64, {v(folder), out(8192), v(8192)}},
    {"fcntl, F_GETLK", SYS_fcntl, {v(file), v(F_GETLK), in_out(lock)}},
    {"fcntl, F_SETLK", SYS_fcntl, {v(file), v(F_SETLK), in(lock)}},
    {"ioctl, FIONREAD", SYS_ioctl, {v(pipe_reader), v(FIONREAD), out(4)}},
    {"ioctl, FIONBIO", SYS_ioctl, {v(stream), v(FIONBIO), in(number)}},
    {"pipe", SYS_pipe, {out(8)}},
    {"pipe2", SYS_pipe2, {out(8), v(O_CLOEXEC)}},
    {"memfd_create", SYS_memfd_create, {in(name), v(0)}},
    {"open", SYS_open, {in(path), v(O_RDONLY)}},
    {"openat", SYS_openat, {v(here), in(path), v(O_RDONLY)}},
    {"openat2", SYS_openat2, {v(here), in(path), in(how), v(sizeof how)}},
    {"creat", SYS_creat, {in(missing), v(0)}},
    {"mkdir", SYS_mkdir, {in(missing), v(0)}},
    {"mkdirat", SYS_mkdirat, {v(here), in(missing), v(0)}},
    {"mknod", SYS_mknod, {in(missing), v(S_IFIFO), v(0)}},
    {"mknodat", SYS_mknodat, {v(here), in(missing), v(S_IFIFO), v(0)}},
    {"rmdir", SYS_rmdir, {in(missing)}},
    {"unlink", SYS_unlink, {in(missing)}},
    {"unlinkat", SYS_unlinkat, {v(here), in(missing), v(0)}},
    {"link", SYS_link, {in(missing), in(missing)}},
    {"linkat", SYS_linkat, {v(here), in(missing), v(here), in(missing), v(0)}},
    {"symlink", SYS_symlink, {in(missing), in(missing)}},
    {"symlinkat", SYS_symlinkat, {in(missing), v(here), in(missing)}},
    {"rename", SYS_rename, {in(missing), in(missing)}},
    {"renameat", SYS_renameat, {v(here), in(missing), v(here), in(missing)}},
    {"renameat2", SYS_renameat2, {v(here), in(missing), v(here), in(missing), v(0)}},
    {"readlink", SYS_readlink, {in("/proc/self/exe"), out(64), v(64)}},
    {"readlinkat", SYS_readlinkat, {v(here), in("/proc/self/exe"), out(64), v(64)}},
    {"chdir", SYS_chdir, {in(missing)}},
    {"chroot", SYS_chroot, {in(missing)}},
    {"getcwd", SYS_getcwd, {out(2), v(2)}},
    {"stat", SYS_stat, {in(path), out(144)}},
    {"lstat", SYS_lstat, {in(path), out(144)}},
    {"fstat", SYS_fstat, {v(file), out(144)}},
    {"newfstatat", SYS_newfstatat, {v(here), in(path), out(144), v(0)}},
    {"newfstatat of a descriptor", SYS_newfstatat, {v(file), in(""), out(144), v(AT_EMPTY_PATH)}},
    {"statx", SYS_statx, {v(here), in(path), v(0), v(STATX_BASIC_STATS), out(256)}},
    {"statfs", SYS_statfs, {in(path), out(sizeof(struct statfs))}},
    {"fstatfs", SYS_fstatfs, {v(pipe_reader), out(sizeof(struct statfs))}},
    {"access", SYS_access, {in(path), v(0)}},
    {"faccessat", SYS_faccessat, {v(here), in(path), v(0)}},
    {"faccessat2", SYS_faccessat2, {v(here), in(path), v(0), v(0)}},
    {"chmod", SYS_chmod, {in(missing), v(0)}},
    {"fchmodat", SYS_fchmodat, {v(here), in(missing), v(0)}},
    {"chown", SYS_chown, {in(missing), v(0), v(0)}},
    {"lchown", SYS_lchown, {in(missing), v(0), v(0)}},
    {"fchownat", SYS_fchownat, {v(here), in(missing), v(0), v(0), v(0)}},
    {"truncate", SYS_truncate, {in(missing), v(0)}},
    {"utime", SYS_utime, {in(missing), in(both_times)}},
    {"utimes", SYS_utimes, {in(missing), in(no_microseconds)}},
    {"futimesat", SYS_futimesat, {v(here), in(missing), in(no_microseconds)}},
    {"utimensat", SYS_utimensat, {v(here), in(missing), in(no_time), v(0)}},
    {"utimensat of a descriptor", SYS_utimensat, {v(file), v(0), in(no_time), v(0)}},
    {"getxattr", SYS_getxattr, {in(path), in(name), out(8), v(8)}},
    {"lgetxattr", SYS_lgetxattr, {in(path), in(name), out(8), v(8)}},
    {"fgetxattr", SYS_fgetxattr, {v(pipe_reader), in(name), out(8), v(8)}},
    {"setxattr", SYS_setxattr, {in(path), in(name), in(counted), v(8), v(0)}},
    {"listxattr", SYS_listxattr, {in(missing), out(8), v(8)}},
    {"llistxattr", SYS_llistxattr, {in(missing), out(8), v(8)}},
    {"removexattr", SYS_removexattr, {in(path), in(name)}},
    {"poll", SYS_poll, {in_out(polled), v(1), v(0)}},
    {"ppoll", SYS_ppoll, {in_out(polled), v(1), in_out(no_time[0]), in(no_signals), v(8)}},
    {"select",
     SYS_select,
     {v(last_open), in_out(ready), in_out(ready), in_out(ready), in_out(no_microseconds[0])}},
    {"pselect6",
     SYS_pselect6,
     {v(last_open), in_out(ready), in_out(ready), in_out(ready), in_out(no_time[0]), in(mask)}},
    {"epoll_ctl, add", SYS_epoll_ctl, {v(set), v(EPOLL_CTL_ADD), v(pipe_reader), in(event)}},
    {"epoll_ctl, change", SYS_epoll_ctl, {v(set), v(EPOLL_CTL_MOD), v(counter), in(event)}},
    {"epoll_wait", SYS_epoll_wait, {v(set), out(12), v(1), v(0)}},
    {"epoll_pwait", SYS_epoll_pwait, {v(set), out(12), v(1), v(0), in(no_signals), v(8)}},
    {"epoll_pwait2",
     SYS_epoll_pwait2,
     {v(set), out(12), v(1), in(no_time[0]), in(no_signals), v(8)}},
    {"timerfd_settime", SYS_timerfd_settime, {v(clock), v(0), in(one_second), out(32)}},
    {"timerfd_gettime", SYS_timerfd_gettime, {v(clock), out(32)}},
    {"inotify_add_watch", SYS_inotify_add_watch, {v(watcher), in(path), v(IN_DELETE_SELF)}},
    {"signalfd", SYS_signalfd, {v(-1), in(no_signals), v(8)}},
    {"signalfd4", SYS_signalfd4, {v(-1), in(no_signals), v(8), v(0)}},
};

}  // namespace

Table descriptor_calls() {
    return {calls, std::size(calls)};
}

}  // namespace pointers
