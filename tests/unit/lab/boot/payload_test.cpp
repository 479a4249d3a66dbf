// SPDX-License-Identifier: MIT
#include "lab/boot/payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <functional>
#include <random>

#include "lab/error.h"
#include "lab/machine/bytes.h"

namespace ringfence::lab::boot {
namespace {

using machine::as_span;
using ::testing::HasSubstr;

/// What a kernel's build appends to all formats but gzip.
std::string size_of(const std::string& content) {
    const auto size = static_cast<u32>(content.size());
    return {reinterpret_cast<const char*>(&size), sizeof size};
}

std::string to_gzip(const std::string& content) {
    constexpr int gzip_header = 16 + MAX_WBITS;
    z_stream stream{};
    deflateInit2(&stream, 1, Z_DEFLATED, gzip_header, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, content.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string to_xz(const std::string& content) {
    std::string out(lzma_stream_buffer_bound(content.size()), '\0');
    usize used = 0;
    EXPECT_EQ(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, nullptr,
                                      reinterpret_cast<const u8*>(content.data()), content.size(),
                                      reinterpret_cast<u8*>(out.data()), &used, out.size()),
              LZMA_OK);
    out.resize(used);
    return out + size_of(content);
}

std::string to_lz4(const std::string& content) {
    constexpr usize block = usize{8} << 20U;
    std::string out("\x02\x21\x4c\x18", 4);
    for (usize at = 0; at < content.size(); at += block) {
        const std::string piece = content.substr(at, block);
        std::string packed(static_cast<usize>(LZ4_compressBound(static_cast<int>(piece.size()))),
                           '\0');
        const int size =
            LZ4_compress_default(piece.data(), packed.data(), static_cast<int>(piece.size()),
                                 static_cast<int>(packed.size()));
        out.append(reinterpret_cast<const char*>(&size), sizeof size);
        out.append(packed, 0, static_cast<usize>(size));
    }
    return out + size_of(content);
}

std::string to_zstd(const std::string& content) {
    std::string out(ZSTD_compressBound(content.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), content.data(), content.size(), 1));
    return out + size_of(content);
}

struct Format {
    const char* name;
    std::string (*compress)(const std::string&);
};

class Payload : public ::testing::TestWithParam<Format> {};

std::string error_of(const std::string& compressed) {
    try {
        static_cast<void>(decompress(as_span(compressed), "vmlinuz"));
    } catch (const LabError& error) {
        EXPECT_EQ(error.failure(), Failure::Own);
        return error.what();
    }
    return "";
}

/// Compressible, and no two blocks alike.
std::string content_of(usize bytes) {
    std::string text;
    std::mt19937 random{7};
    while (text.size() < bytes) {
        text += std::to_string(random()) + std::string(random() % 200, '-');
    }
    text.resize(bytes);
    return text;
}

TEST_P(Payload, GivesBackWhatWasCompressed) {
    for (const usize bytes : {usize{1}, usize{100'000}, usize{8} << 20U, usize{20'000'000}}) {
        const std::string content = content_of(bytes);
        const std::string compressed = GetParam().compress(content);
        EXPECT_EQ(decompress(as_span(compressed), "vmlinuz"), content) << bytes;
    }
}

TEST_P(Payload, SaysWhatIsDamaged) {
    const std::string compressed = GetParam().compress(content_of(100'000));
    for (const usize left : {usize{8}, usize{100}, compressed.size() / 2, compressed.size() - 1}) {
        EXPECT_THAT(error_of(compressed.substr(0, left)), HasSubstr("is damaged"))
            << left << " of " << compressed.size() << " bytes";
    }
}

TEST_P(Payload, NeverCrashesOnDamagedData) {
    const std::string content = content_of(50'000);
    const std::string compressed = GetParam().compress(content);
    std::mt19937 random{1};
    for (int round = 0; round < 300; ++round) {
        std::string damaged = compressed;
        damaged[random() % damaged.size()] = static_cast<char>(random());
        static_cast<void>(error_of(damaged));  // LZ4 has no checksum: any result will do
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, Payload,
                         ::testing::Values(Format{"gzip", to_gzip}, Format{"xz", to_xz},
                                           Format{"lz4", to_lz4}, Format{"zstd", to_zstd}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(PayloadFormat, UnknownAndUnsupportedFormatsAreNamed) {
    EXPECT_THAT(error_of("whatever"), HasSubstr("vmlinuz: its kernel is compressed in no known"));
    EXPECT_THAT(error_of(""), HasSubstr("no known format"));
    EXPECT_THAT(error_of("BZh91AY"), HasSubstr("with bzip2, which only the guest can decompress"));
}

}  // namespace
}  // namespace ringfence::lab::boot
