// SPDX-License-Identifier: MIT
#include "lab/boot/payload.h"

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

#include "lab/error.h"

namespace ringfence::lab::boot {

namespace {

constexpr usize most_output = usize{1} << 30;
constexpr usize piece = usize{1} << 20;

[[noreturn]] void fail_damaged(const std::string& file, const char* format, const char* reason) {
    fail(Failure::Own, "{}: its {}-compressed kernel is damaged: {}", file, format, reason);
}

/// Makes room for another piece at the end of `output` and gives the place.
char* grow(std::string& output, usize used, const std::string& file) {
    if (used >= most_output) {
        fail(Failure::Own, "{}: its compressed kernel has more than {} MiB", file,
             most_output >> 20U);
    }
    output.resize(used + piece);
    return output.data() + used;
}

std::string from_gzip(std::span<const u8> compressed, const std::string& file) {
    constexpr int gzip_header = 16 + MAX_WBITS;
    z_stream stream{};
    if (inflateInit2(&stream, gzip_header) != Z_OK) {
        fail(Failure::Own, "zlib: no memory");
    }
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, &inflateEnd);
    stream.next_in = const_cast<Bytef*>(compressed.data());
    stream.avail_in = static_cast<uInt>(compressed.size());
    std::string output;
    int status = Z_OK;
    while (status == Z_OK) {
        const usize used = stream.total_out;
        stream.next_out = reinterpret_cast<Bytef*>(grow(output, used, file));
        stream.avail_out = piece;
        status = inflate(&stream, Z_NO_FLUSH);
    }
    if (status != Z_STREAM_END) {
        fail_damaged(file, "gzip", stream.msg != nullptr ? stream.msg : "it ends too early");
    }
    output.resize(stream.total_out);
    return output;
}

std::string from_xz(std::span<const u8> compressed, const std::string& file) {
    constexpr u64 memory_limit = u64{256} << 20U;
    lzma_stream stream = LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&stream, memory_limit, 0) != LZMA_OK) {
        fail(Failure::Own, "liblzma: no memory");
    }
    const std::unique_ptr<lzma_stream, decltype(&lzma_end)> end(&stream, &lzma_end);
    stream.next_in = compressed.data();
    stream.avail_in = compressed.size();
    std::string output;
    lzma_ret status = LZMA_OK;
    while (status == LZMA_OK) {
        stream.next_out = reinterpret_cast<u8*>(grow(output, stream.total_out, file));
        stream.avail_out = piece;
        status = lzma_code(&stream, LZMA_FINISH);
    }
    if (status != LZMA_STREAM_END) {
        fail_damaged(file, "xz",
                     status == LZMA_BUF_ERROR ? "it ends too early" : "the data makes no sense");
    }
    output.resize(stream.total_out);
    return output;
}

std::string from_zstd(std::span<const u8> compressed, const std::string& file) {
    const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                            &ZSTD_freeDStream);
    if (!stream) {
        fail(Failure::Own, "libzstd: no memory");
    }
    ZSTD_inBuffer input{compressed.data(), compressed.size(), 0};
    std::string output;
    usize used = 0;
    for (;;) {
        ZSTD_outBuffer place{grow(output, used, file), piece, 0};
        const usize input_before = input.pos;
        const usize left = ZSTD_decompressStream(stream.get(), &place, &input);
        used += place.pos;
        if (ZSTD_isError(left) != 0U) {
            fail_damaged(file, "zstd", ZSTD_getErrorName(left));
        }
        if (left == 0) {
            output.resize(used);
            return output;
        }
        if (place.pos == 0 && input.pos == input_before) {
            fail_damaged(file, "zstd", "it ends too early");
        }
    }
}

/// The legacy frame: a magic number, then blocks of at most 8 MiB, each behind its compressed size.
std::string from_lz4(std::span<const u8> compressed, const std::string& file) {
    constexpr usize magic_bytes = 4;
    constexpr usize block_bytes = usize{8} << 20U;
    std::string output;
    usize used = 0;
    usize at = magic_bytes;
    for (;;) {
        // A full last block is followed by the output's size, which is larger than what follows.
        u32 size = 0;
        if (compressed.size() - at < sizeof size) {
            break;
        }
        std::memcpy(&size, compressed.data() + at, sizeof size);
        if (size == 0 || size > compressed.size() - at - sizeof size) {
            break;
        }
        if (used >= most_output) {
            fail(Failure::Own, "{}: its compressed kernel has more than {} MiB", file,
                 most_output >> 20U);
        }
        output.resize(used + block_bytes);
        const int got = LZ4_decompress_safe(
            reinterpret_cast<const char*>(compressed.data() + at + sizeof size),
            output.data() + used, static_cast<int>(size), static_cast<int>(block_bytes));
        if (got < 0) {
            fail_damaged(file, "LZ4", "the data makes no sense");
        }
        used += static_cast<usize>(got);
        at += sizeof size + size;
        if (static_cast<usize>(got) < block_bytes) {
            break;
        }
    }
    if (used == 0) {
        fail_damaged(file, "LZ4", "it ends too early");
    }
    output.resize(used);
    return output;
}

struct Format {
    std::string_view magic;
    const char* name;
    std::string (*decompress)(std::span<const u8>, const std::string&);  ///< null: not supported
};

using namespace std::string_view_literals;
/// What Linux kernels are compressed with, by the bytes that each begins with.
constexpr std::array formats = {
    Format{"\x1f\x8b"sv, "gzip", from_gzip},
    Format{"\xfd\x37zXZ\0"sv, "xz", from_xz},
    Format{"\x02\x21\x4c\x18"sv, "LZ4", from_lz4},
    Format{"\x28\xb5\x2f\xfd"sv, "zstd", from_zstd},
    Format{"BZh"sv, "bzip2", nullptr},
    Format{"\x5d\0\0"sv, "LZMA", nullptr},
    Format{"\x89LZO"sv, "LZO", nullptr},
};

/// Every payload ends with the size of what it holds: gzip's own trailer, or four bytes that the
/// kernel's build appends. [linux/boot]: payload_length
void check_size(std::span<const u8> compressed, const std::string& kernel, const char* format,
                const std::string& file) {
    u32 expected = 0;
    if (compressed.size() < sizeof expected) {
        fail_damaged(file, format, "it ends too early");
    }
    std::memcpy(&expected, compressed.data() + compressed.size() - sizeof expected,
                sizeof expected);
    if (expected != static_cast<u32>(kernel.size())) {
        fail(Failure::Own,
             "{}: its {}-compressed kernel is damaged: {} bytes, and the file says {}", file,
             format, kernel.size(), expected);
    }
}

}  // namespace

std::string decompress(std::span<const u8> compressed, const std::string& file) {
    const std::string_view text(reinterpret_cast<const char*>(compressed.data()),
                                compressed.size());
    const auto* const format = std::ranges::find_if(
        formats, [&](const Format& candidate) { return text.starts_with(candidate.magic); });
    if (format == formats.end()) {
        fail(Failure::Own,
             "{}: its kernel is compressed in no known format; --boot bzimage lets the guest "
             "decompress it",
             file);
    }
    if (format->decompress == nullptr) {
        fail(Failure::Own,
             "{}: its kernel is compressed with {}, which only the guest can decompress: use "
             "--boot bzimage",
             file, format->name);
    }
    std::string kernel = format->decompress(compressed, file);
    check_size(compressed, kernel, format->name, file);
    return kernel;
}

}  // namespace ringfence::lab::boot
