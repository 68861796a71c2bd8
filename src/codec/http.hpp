// HTTP/1.x requests (RFC 9112) as attackers write them: what a strict server would refuse is read as far as it makes
// sense, and each departure from the grammar is named, because tools are told apart by their mistakes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::codec::http {

/// Larger than common servers allow (8 to 16 KiB), so that an exploit that tests their limit is still recorded whole.
inline constexpr auto kMaxHead = std::size_t{32} << 10;
/// Common servers stop at 100; a request with more headers than twice that is a flood.
inline constexpr auto kMaxHeaders = std::size_t{200};

enum class Problem : std::uint16_t {
  bare_line_feed = 1 << 0,      // a line ends without CR
  folded_header = 1 << 1,       // obs-fold, RFC 9112 section 5.2
  no_colon = 1 << 2,            // a header line without ":"
  space_before_colon = 1 << 3,  // request smuggling
  bad_header_name = 1 << 4,
  bad_method = 1 << 5,  // not a token
  bad_version = 1 << 6,
  bad_target = 1 << 7,            // neither a path, an absolute URL, "*" nor (CONNECT) an authority; or it holds spaces
  bad_length = 1 << 8,            // Content-Length is no number, or two differ
  length_and_chunked = 1 << 9,    // request smuggling
  bad_transfer_coding = 1 << 10,  // a coding other than chunked
  no_host = 1 << 11,              // HTTP/1.1 without Host
  two_hosts = 1 << 12,
  null_byte = 1 << 13,
  too_many_headers = 1 << 14,
};

/// All problems as words: "bare_line_feed", "no_colon"…
auto names(std::uint16_t problems) -> std::vector<std::string_view>;

struct Header {
  std::string_view name;   // as written
  std::string_view value;  // without white space around it; a folded value keeps its line breaks
};

/// Views into the bytes that were parsed.
struct RequestHead {
  std::string_view method;
  std::string_view target;     // as written
  std::string_view path;       // without scheme, authority and query; "*" and CONNECT targets as they are
  std::string_view query;      // behind the first "?", without it
  std::string_view host;       // the absolute form's authority, else the Host header
  unsigned minor_version = 1;  // 9 for a request line without version (HTTP/0.9)
  std::vector<Header> headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  std::uint16_t problems = 0;

  /// The first header of that name, whatever its case; empty where absent.
  [[nodiscard]] auto header(std::string_view name) const -> std::string_view;
  [[nodiscard]] auto has(Problem problem) const -> bool {
    return (problems & static_cast<std::uint16_t>(problem)) != 0;
  }
  void add(Problem problem) { problems |= static_cast<std::uint16_t>(problem); }
};

/// Bytes of the request head at the front of `bytes`, its blank line included, or nothing while it is incomplete.
/// `searched` bytes were looked at by an earlier call, so that a slow sender costs no more than a fast one.
auto head_size(std::string_view bytes, std::size_t searched) -> std::optional<std::size_t>;

/// Reads one whole head. Fails (malformed) only where there is no request line to speak of.
auto parse_head(std::string_view head) -> Result<RequestHead>;

/// Undoes "chunked" (RFC 9112 section 7.1) in pieces of any size.
class ChunkedBody {
public:
  /// Takes bytes off the front of `bytes` and appends body bytes to `body`. Malformed chunking is an error; what was
  /// appended before it stays.
  auto feed(std::string_view &bytes, std::string &body) -> Result<void>;
  [[nodiscard]] auto done() const -> bool { return state_ == State::done; }

private:
  enum class State : std::uint8_t { size, data, after_data, trailer, done };
  auto take_line(std::string_view &bytes) -> Result<bool>;
  State state_ = State::size;
  std::uint64_t left_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string line_;
};

/// The pairs of an application/x-www-form-urlencoded body or a query, decoded, in order; at most kMaxFormFields.
struct FormField {
  std::string name;
  std::string value;
};
inline constexpr auto kMaxFormFields = std::size_t{64};
auto parse_form(std::string_view form) -> std::vector<FormField>;

/// User name and password of an "Authorization: Basic" value (RFC 7617), or nothing.
auto basic_credentials(std::string_view authorization) -> std::optional<FormField>;

}  // namespace noroshi::codec::http
