// SPDX-License-Identifier: MIT
// Everything that a guest starts with: a minimal root file system, what the user adds, the program,
// and the boot files that tell the kernel how to start it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ringfence::lab::pack {

struct GuestRequest {
    std::vector<std::string> roots;        ///< host directories laid over "/", in order
    std::vector<std::string> files;        ///< FILE, or HOST=GUEST
    std::vector<std::string> environment;  ///< NAME=VALUE, on top of the fixed environment
    std::vector<std::string> command;      ///< the program and its arguments; not empty
    std::string secret{};  ///< what the kernel is to keep for itself (abi/boot_files.h); or empty
    std::map<std::string, std::string> contents{};  ///< guest path: bytes of an executable file
    // For an unmodified Linux (abi/boot_files.h):
    std::optional<std::string> input{};  ///< standard input, if it is known beforehand
    bool terminal = false;               ///< the console is an ordinary terminal
    bool commands = false;               ///< busybox's commands are in /bin
};

struct GuestImage {
    std::string initramfs;           ///< the archive
    std::string program;             ///< the ELF file that is started
    std::vector<std::string> notes;  ///< what was left out, a line each
};

/// Packs a guest. The environment is fixed, not the host's: PATH, HOME=/, USER=root,
/// LOGNAME=root, SHELL=/bin/sh, PWD=/, LANG=C and TERM=dumb, each of which `environment` may
/// replace. Throws LabError.
[[nodiscard]] GuestImage pack_guest(const GuestRequest& request);

}  // namespace ringfence::lab::pack
