#include "codec/decompress.hpp"

#include <doctest/doctest.h>

#include <zlib.h>
#include <zstd.h>

namespace noroshi::codec {
namespace {

auto gzip(std::string const &bytes) -> std::string {
  auto stream = z_stream{};
  REQUIRE(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  auto packed = std::string(::deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef *>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

auto zstd(std::string const &bytes) -> std::string {
  auto *const context = ::ZSTD_createCCtx();
  ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  auto packed = std::string(::ZSTD_compressBound(bytes.size()), '\0');
  packed.resize(::ZSTD_compress2(context, packed.data(), packed.size(), bytes.data(), bytes.size()));
  ::ZSTD_freeCCtx(context);
  return packed;
}

struct Undone {
  std::string bytes;
  bool is_complete = false;
  std::string error;
};
auto undo(std::string const &packed, std::size_t piece = 1'000, std::size_t room = 300'000) -> Undone {
  auto const decompressor = Decompressor::create(compression_of(packed));
  auto undone = Undone{};
  auto rest = std::string_view{packed};
  while (!rest.empty()) {
    auto input = rest.substr(0, piece);
    rest.remove_prefix(input.size());
    for (auto more = true; more;) {
      auto const fed = decompressor->feed(input, undone.bytes, room);
      if (!fed) {
        undone.error = fed.error().sentence;
        return undone;
      }
      more = *fed;
    }
  }
  undone.is_complete = decompressor->is_complete();
  return undone;
}

/// Two megabytes that compress a thousandfold: much output of little input.
auto text() -> std::string {
  auto bytes = std::string{};
  while (bytes.size() < 2'000'000) bytes += "the same line again and again\n";
  return bytes;
}

}  // namespace

TEST_CASE("what was compressed comes back whole, however it is cut") {
  auto const bytes = text();
  for (auto const &packed : {bytes, gzip(bytes), zstd(bytes)})
    for (auto const piece : {std::size_t{1}, std::size_t{13}, packed.size()}) {
      if (piece == 1 && packed.size() > 100'000) continue;
      auto const undone = undo(packed, piece);
      CHECK(undone.error.empty());
      CHECK(undone.is_complete);
      CHECK((undone.bytes == bytes));
    }
}

TEST_CASE("members and frames back to back are one stream") {
  auto const bytes = std::string{"one\n"};
  CHECK(undo(gzip(bytes) + gzip(bytes)).bytes == "one\none\n");
  CHECK(undo(zstd(bytes) + zstd(bytes)).bytes == "one\none\n");
  CHECK(undo(gzip(bytes) + std::string(512, '\0')).is_complete);
}

TEST_CASE("a cut stream gives what it holds and is not complete, a damaged one is an error") {
  auto const bytes = text();
  for (auto const &packed : {gzip(bytes), zstd(bytes)}) {
    auto const cut = undo(packed.substr(0, packed.size() - 6));
    CHECK(cut.error.empty());
    CHECK_FALSE(cut.is_complete);
    // The last bytes are, or follow, the checksum of what was compressed (RFC 1952, RFC 8878).
    auto damaged = packed;
    auto &last = damaged[damaged.size() - 1];
    last = static_cast<char>(last ^ 0xff);
    CHECK(undo(damaged).error.contains("damaged"));
  }
  CHECK(undo(std::string{"\x1f\x8b\xff\xff\xff\xff\xff\xff\xff\xff", 10}).error.contains("damaged gzip"));
}

TEST_CASE("a zstd frame that wants a window beyond the limit is refused") {
  // Window descriptor 0xf8: exponent 31, two terabytes.
  CHECK(undo(std::string{"\x28\xb5\x2f\xfd\x00\xf8\x00\x00\x00\x00\x00\x00", 12}).error.contains("damaged zstd"));
}

}  // namespace noroshi::codec
