// SPDX-License-Identifier: MIT
// The reasons why a system call can fail, with Linux's numbers. [linux/abi]:
// include/uapi/asm-generic/errno-base.h, errno.h
#pragma once

#include "base/result.h"
#include "base/types.h"

namespace ringfence::kernel {

enum class Errno : u16 {
    Eperm = 1,
    Enoent = 2,
    Esrch = 3,
    Eintr = 4,
    Eio = 5,
    Enxio = 6,
    E2big = 7,
    Enoexec = 8,
    Ebadf = 9,
    Echild = 10,
    Eagain = 11,
    Enomem = 12,
    Eacces = 13,
    Efault = 14,
    Ebusy = 16,
    Eexist = 17,
    Exdev = 18,
    Enodev = 19,
    Enotdir = 20,
    Eisdir = 21,
    Einval = 22,
    Enfile = 23,
    Emfile = 24,
    Enotty = 25,
    Etxtbsy = 26,
    Efbig = 27,
    Enospc = 28,
    Espipe = 29,
    Erofs = 30,
    Emlink = 31,
    Epipe = 32,
    Edom = 33,
    Erange = 34,
    Edeadlk = 35,
    Enametoolong = 36,
    Enolck = 37,
    Enosys = 38,
    Enotempty = 39,
    Eloop = 40,
    Enomsg = 42,
    Eidrm = 43,
    Enodata = 61,
    Eoverflow = 75,
    Elibbad = 80,
    Enotsock = 88,
    Edestaddrreq = 89,
    Emsgsize = 90,
    Eprototype = 91,
    Enoprotoopt = 92,
    Eprotonosupport = 93,
    Esocktnosupport = 94,
    Eopnotsupp = 95,
    Eafnosupport = 97,
    Eaddrinuse = 98,
    Eaddrnotavail = 99,
    Enetunreach = 101,
    Econnaborted = 103,
    Econnreset = 104,
    Enobufs = 105,
    Eisconn = 106,
    Enotconn = 107,
    Etoomanyrefs = 109,
    Etimedout = 110,
    Econnrefused = 111,
    Ehostunreach = 113,
    Ealready = 114,
    Einprogress = 115,
    // Never seen by programs: how an interrupted call wants to go on, see signal/deliver.cpp.
    RestartIfFlagged = 512,    ///< again, unless a handler without SA_RESTART ran (ERESTARTSYS)
    RestartIfNoHandler = 514,  ///< again only if no handler ran (ERESTARTNOHAND)
    RestartWithBlock = 516,    ///< as restart_syscall if no handler ran (ERESTART_RESTARTBLOCK)
};

template <typename T>
using Fallible = Result<T, Errno>;

}  // namespace ringfence::kernel
