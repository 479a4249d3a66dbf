// SPDX-License-Identifier: MIT
#include "kernel/core/fs/anonymous_file.h"

#include "kernel/core/fs/tmpfs.h"

namespace ringfence::kernel {

namespace {
constexpr DeviceNumber anonymous_device{0, 15};
}

AnonymousFile::AnonymousFile(OpenFlags flags, std::string_view name, u32 access)
    : OpenFile(make_ref<Inode>(new_metadata({.type = FileType::Anonymous, .permissions = 0600},
                                            anonymous_device)),
               OpenFlags{flags.word | access}) {
    set_path(String("anon_inode:").append(name));
}

}  // namespace ringfence::kernel
