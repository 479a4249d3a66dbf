// SPDX-License-Identifier: MIT
#include "lab/boot/linux_root.h"

#include "lab/guest_programs.h"
#include "lab/standard_input.h"

namespace ringfence::lab::boot {

namespace {

constexpr const char* init_program = "linux_init";
constexpr const char* shell_prompt = "PS1=# ";
constexpr const char* shell_terminal = "TERM=linux";

}  // namespace

pack::GuestImage pack_linux_root(pack::GuestRequest request) {
    request.files.push_back(guest_program_path(init_program) + "=/init");
    return pack_linux_program(std::move(request));
}

pack::GuestImage pack_linux_program(pack::GuestRequest request) {
    const bool is_shell = request.command.empty();
    if (is_shell) {
        request.command = {"/bin/busybox", "sh"};
        request.environment.insert(request.environment.begin(), {shell_prompt, shell_terminal});
        request.commands = true;
    } else if (standard_input_kind() != StandardInputKind::Terminal) {
        request.input = read_standard_input();
    }
    request.terminal = !request.input;
    return pack::pack_guest(request);
}

}  // namespace ringfence::lab::boot
