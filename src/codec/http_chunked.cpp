#include <algorithm>
#include <charconv>

#include "codec/http.hpp"

namespace noroshi::codec::http {
namespace {

/// Chunk extensions are unused in practice; a longer size line only fills memory.
constexpr auto kMaxChunkLine = std::size_t{1} << 10;
/// Trailers are rarer still.
constexpr auto kMaxTrailers = std::size_t{8} << 10;

}  // namespace

/// True when line_ holds a whole line (without its ending).
auto ChunkedBody::take_line(std::string_view &bytes) -> Result<bool> {
  auto const end = bytes.find('\n');
  line_.append(bytes.substr(0, end));
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (line_.size() > kMaxChunkLine)
    return fail(ErrorCode::too_large, "a chunk line of more than {} bytes", kMaxChunkLine);
  if (end == std::string_view::npos) return false;
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

auto ChunkedBody::feed(std::string_view &bytes, std::string &body) -> Result<void> {
  while (!bytes.empty() && state_ != State::done) {
    if (state_ == State::data) {
      auto const size = std::min<std::uint64_t>(left_, bytes.size());
      body.append(bytes.substr(0, size));
      bytes.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) state_ = State::after_data;
      continue;
    }
    TRY(auto const whole, take_line(bytes));
    if (!whole) return ok;
    if (state_ == State::after_data) {
      if (!line_.empty()) return fail(ErrorCode::malformed, "bytes between a chunk's data and its line end");
      state_ = State::size;
    } else if (state_ == State::size) {
      auto const [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
      if (error != std::errc{}) return fail(ErrorCode::malformed, "a chunk size that is no hexadecimal number");
      (void)end;  // extensions behind it are ignored, as RFC 9112 section 7.1.1 asks
      state_ = left_ == 0 ? State::trailer : State::data;
    } else {
      trailer_bytes_ += line_.size();
      if (trailer_bytes_ > kMaxTrailers)
        return fail(ErrorCode::too_large, "trailers of more than {} bytes", kMaxTrailers);
      if (line_.empty()) state_ = State::done;
    }
    line_.clear();
  }
  return ok;
}

}  // namespace noroshi::codec::http
