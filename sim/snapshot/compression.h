// SPDX-License-Identifier: MIT
// zstd frames of known sizes.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/types.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace ringfence::sim::snapshot {

class Compressor {
public:
    Compressor();

    /// One frame. Valid until the next call.
    std::span<const u8> compress(std::span<const u8> bytes);

private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const;
    };
    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
    std::vector<u8> frame_;
};

class Decompressor {
public:
    Decompressor();

    /// False unless `frame` is one frame that unpacks to exactly as many bytes as `out` has.
    [[nodiscard]] bool decompress(std::span<const u8> frame, std::span<u8> out);

private:
    struct Free {
        void operator()(ZSTD_DCtx_s* context) const;
    };
    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace ringfence::sim::snapshot
