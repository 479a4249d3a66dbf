// SPDX-License-Identifier: MIT
#include "sim/snapshot/compression.h"

#include <zstd.h>

#include "base/compiler.h"

namespace ringfence::sim::snapshot {

namespace {

/// Of zstd's levels the one at which saving takes little time and the file is not much larger than
/// it could be.
constexpr int level = 3;

}  // namespace

Compressor::Compressor() : context_(ZSTD_createCCtx()) {
    RF_ASSERT(context_ != nullptr);
}

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const {
    ZSTD_freeCCtx(context);
}

std::span<const u8> Compressor::compress(std::span<const u8> bytes) {
    frame_.resize(ZSTD_compressBound(bytes.size()));
    const usize written = ZSTD_compressCCtx(context_.get(), frame_.data(), frame_.size(),
                                            bytes.data(), bytes.size(), level);
    RF_ASSERT(ZSTD_isError(written) == 0);  // the buffer is as large as it asked for
    return {frame_.data(), written};
}

Decompressor::Decompressor() : context_(ZSTD_createDCtx()) {
    RF_ASSERT(context_ != nullptr);
}

void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const {
    ZSTD_freeDCtx(context);
}

bool Decompressor::decompress(std::span<const u8> frame, std::span<u8> out) {
    if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != out.size() ||
        ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) {
        return false;
    }
    const usize written =
        ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), frame.data(), frame.size());
    return ZSTD_isError(written) == 0 && written == out.size();
}

}  // namespace ringfence::sim::snapshot
