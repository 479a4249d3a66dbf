// SPDX-License-Identifier: MIT
#include "guest/linux/program_source.h"

#include <sys/mman.h>
#include <unistd.h>

#include <initializer_list>

#include "abi/boot_files.h"
#include "abi/linux_session.h"
#include "guest/linux/archive.h"
#include "guest/linux/host_ports.h"

namespace linux_guest {

namespace boot_files = ringfence::abi::boot_files;
namespace session = ringfence::abi::linux_session;

bool take_program(bool* took) {
    session::Job job{};
    mark_and_keep_ports(ringfence::abi::ProgramMark::Ready);
    receive(&job, sizeof job);
    *took = job.archive_bytes != session::no_archive;
    if (!*took) {
        release_ports();
        return true;
    }
    void* const archive = mmap(nullptr, job.archive_bytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (archive == MAP_FAILED) {
        complain("the program's archive");
        return false;
    }
    receive(archive, job.archive_bytes);
    release_ports();
    // What another program was to have, and this one need not have.
    for (const char* const file : {boot_files::input, boot_files::terminal, boot_files::commands}) {
        unlink(file);
    }
    const bool done = unpack(static_cast<const char*>(archive), job.archive_bytes);
    munmap(archive, job.archive_bytes);
    return done;
}

}  // namespace linux_guest
