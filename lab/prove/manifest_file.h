// SPDX-License-Identifier: MIT
// A manifest as a file: TOML, with the addresses of one kernel's symbols. The built-in one is
// lab/prove/ringfence.toml, which says what there is in such a file.
#pragma once

#include <string>
#include <string_view>

#include "audit/manifest.h"
#include "lab/cli_names.h"
#include "lab/machine/kernel_image.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::lab::prove {

/// The manifest in `text`; `file` stands in messages. Throws Failure::Usage with the line and what
/// was expected there: for text that is not TOML, unknown or missing keys, symbols that the kernel
/// has not, parts that are not whole pages or overlap.
[[nodiscard]] audit::Manifest parse_manifest(std::string_view text, const std::string& file,
                                             const sim::observe::SymbolTable& symbols);

/// The same of a file on the host.
[[nodiscard]] audit::Manifest load_manifest(const std::string& path,
                                            const sim::observe::SymbolTable& symbols);

/// The built-in manifest with the addresses of an image of our own kernel. Throws as above.
[[nodiscard]] audit::Manifest built_in_manifest_of(const machine::KernelImage& kernel);

/// Declares --manifest. `path` is empty without it.
void add_manifest_option(CLI::App& app, std::string& path);
/// The manifest that --manifest named for `kernel`, or the built-in one. Throws as above.
[[nodiscard]] audit::Manifest chosen_manifest(const std::string& path,
                                              const machine::KernelImage& kernel);

/// The manifest of our own kernel, as text.
[[nodiscard]] std::string_view built_in_manifest();

}  // namespace ringfence::lab::prove
