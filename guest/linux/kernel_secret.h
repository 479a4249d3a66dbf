// SPDX-License-Identifier: MIT
// A secret in the memory of a Linux kernel, for attackers to try to read.
#pragma once

namespace linux_guest {

/// Puts the content of abi::boot_files::secret, if there is such a file, into a page that only the
/// kernel maps: one of its page cache, behind its direct map. Its address and length are then in
/// abi::linux_session::facts_directory, and the file is gone. False after complaining.
bool plant_secret();

}  // namespace linux_guest
