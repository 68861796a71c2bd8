#include "codec/decompress.hpp"

#include <algorithm>

#include <zlib.h>
#include <zstd.h>

namespace noroshi::codec {

namespace {

constexpr auto kStep = std::size_t{256} << 10;

class Plain final : public Decompressor {
public:
  auto feed(std::string_view &input, std::string &output, std::size_t room) -> Result<bool> override {
    auto const taken = std::min(input.size(), room);
    output.append(input.substr(0, taken));
    input.remove_prefix(taken);
    return !input.empty();
  }
  [[nodiscard]] auto is_complete() const -> bool override { return true; }
};

/// Appends what `produce(at, size)` writes, which says how many bytes that was.
template <class Produce>
void append_some(std::string &output, std::size_t most, Produce produce) {
  auto const before = output.size();
  output.resize_and_overwrite(before + most,
                              [&](char *buffer, std::size_t) { return before + produce(buffer + before, most); });
}

class Gzip final : public Decompressor {
public:
  Gzip() { ready_ = ::inflateInit2(&stream_, 15 + 16) == Z_OK; }
  Gzip(Gzip const &) = delete;
  auto operator=(Gzip const &) -> Gzip & = delete;
  ~Gzip() override { ::inflateEnd(&stream_); }

  auto feed(std::string_view &input, std::string &output, std::size_t room) -> Result<bool> override {
    if (!ready_) return fail(ErrorCode::unavailable, "no memory to decompress");
    for (auto made = std::size_t{0}; (!input.empty() || full_) && made < room;) {
      if (between_) {
        // Padding of tapes and copies: zeros behind the last member.
        if (input.front() == '\0') {
          input.remove_prefix(1);
          continue;
        }
        ::inflateReset(&stream_);
        between_ = false;
      }
      auto code = Z_OK;
      auto const before = output.size();
      append_some(output, std::min(kStep, room), [&](char *at, std::size_t size) {
        stream_.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(input.data()));
        stream_.avail_in = static_cast<uInt>(std::min<std::size_t>(input.size(), kStep));
        auto const offered = stream_.avail_in;
        stream_.next_out = reinterpret_cast<Bytef *>(at);
        stream_.avail_out = static_cast<uInt>(size);
        code = ::inflate(&stream_, Z_NO_FLUSH);
        input.remove_prefix(offered - stream_.avail_in);
        full_ = stream_.avail_out == 0;
        return size - stream_.avail_out;
      });
      made += output.size() - before;
      between_ = code == Z_STREAM_END;
      full_ = full_ && !between_;
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return fail(ErrorCode::malformed, "damaged gzip data: {}", stream_.msg != nullptr ? stream_.msg : "broken");
    }
    return !input.empty() || full_;
  }
  [[nodiscard]] auto is_complete() const -> bool override { return between_; }

private:
  z_stream stream_{};
  bool ready_ = false;
  bool full_ = false;     // the last output buffer was: more may be waiting
  bool between_ = false;  // behind a whole member
};

class Zstd final : public Decompressor {
public:
  Zstd() { ::ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kMaxWindowLog); }
  Zstd(Zstd const &) = delete;
  auto operator=(Zstd const &) -> Zstd & = delete;
  ~Zstd() override { ::ZSTD_freeDCtx(context_); }

  auto feed(std::string_view &input, std::string &output, std::size_t room) -> Result<bool> override {
    if (context_ == nullptr) return fail(ErrorCode::unavailable, "no memory to decompress");
    for (auto made = std::size_t{0}; (!input.empty() || full_) && made < room;) {
      auto from = ZSTD_inBuffer{input.data(), input.size(), 0};
      auto code = std::size_t{0};
      auto const before = output.size();
      append_some(output, std::min(kStep, room), [&](char *at, std::size_t size) {
        auto to = ZSTD_outBuffer{at, size, 0};
        code = ::ZSTD_decompressStream(context_, &to, &from);
        full_ = to.pos == size;
        return to.pos;
      });
      made += output.size() - before;
      input.remove_prefix(from.pos);
      if (::ZSTD_isError(code) != 0)
        return fail(ErrorCode::malformed, "damaged zstd data: {}", ::ZSTD_getErrorName(code));
      left_ = code;
      full_ = full_ && left_ != 0;
    }
    return !input.empty() || full_;
  }
  [[nodiscard]] auto is_complete() const -> bool override { return left_ == 0; }

private:
  ZSTD_DCtx *context_ = ::ZSTD_createDCtx();
  bool full_ = false;     // the last output buffer was: more may be waiting
  std::size_t left_ = 1;  // zstd's hint of what the frame still wants; 0 behind a whole frame
};

}  // namespace

auto to_string(Compression compression) -> std::string_view {
  switch (compression) {
    case Compression::none: return "none";
    case Compression::gzip: return "gzip";
    case Compression::zstd: return "zstd";
  }
  return "none";
}

auto compression_of(std::string_view first_bytes) -> Compression {
  if (first_bytes.starts_with("\x1f\x8b")) return Compression::gzip;
  if (first_bytes.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
  return Compression::none;
}

auto Decompressor::create(Compression compression) -> std::unique_ptr<Decompressor> {
  switch (compression) {
    case Compression::gzip: return std::make_unique<Gzip>();
    case Compression::zstd: return std::make_unique<Zstd>();
    case Compression::none: break;
  }
  return std::make_unique<Plain>();
}

}  // namespace noroshi::codec
