// SPDX-License-Identifier: MIT
#include "kernel/core/vm/vdso.h"

#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/process/resource_limits.h"
#include "kernel_arch/vdso.h"

namespace ringfence::kernel {

namespace {

/// The page of data, then the image: made when the first program is loaded, and kept.
Fallible<Ref<TmpfsFile>> vdso_file() {
    static Ref<TmpfsFile> file;
    if (!file) {
        Metadata metadata = new_metadata({.permissions = 0500}, tmpfs_device);
        metadata.links = 0;
        const Ref<TmpfsFile> made = make_ref<TmpfsFile>(metadata);
        RF_TRY(made->write(IoSource(arch::vdso_data()), 0));
        RF_TRY(made->write(IoSource(arch::vdso_image()), page_size));
        file = made;
    }
    return file;
}

}  // namespace

Fallible<VirtualAddress> map_vdso(MemorySpace& space) {
    RF_TRY_ASSIGN(file, vdso_file());
    const u64 size = align_up(file->size(), page_size);
    RF_TRY_ASSIGN(data, space.map({.end = VirtualAddress{size},
                                   .protection = {.read = true},
                                   .kind = RegionKind::Vdso,
                                   .file = file,
                                   .path = String("[vvar]")},
                                  Placement::Anywhere, ResourceLimit::unlimited));
    const VirtualAddress image = data + page_size;
    RF_TRY(space.map({.start = image,
                      .end = data + size,
                      .protection = {.read = true, .execute = true},
                      .kind = RegionKind::Vdso,
                      .file = file,
                      .offset = page_size,
                      .path = String("[vdso]")},
                     Placement::Fixed, ResourceLimit::unlimited));
    return image;
}

}  // namespace ringfence::kernel
