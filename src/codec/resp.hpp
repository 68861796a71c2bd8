// RESP2, the protocol of Redis (redis.io/docs/reference/protocol-spec): requests as arrays of bulk strings or as inline
// lines, taken from bytes that come in any pieces; replies as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace noroshi::codec::resp {

/// Words of one command. Attack tools send a dozen, and mass insertions a few hundred.
inline constexpr auto kMaxWords = std::size_t{1024};
/// All words of one command together: modules and keys that attackers leave are smaller, and thousands of visitors may
/// each hold so much.
inline constexpr auto kMaxCommandBytes = std::size_t{512} << 10;
/// An inline line, or the line of a count; the server's own PROTO_INLINE_MAX_SIZE is 64 KiB, and a quarter of it holds
/// every line that a person or tool types.
inline constexpr auto kMaxLine = std::size_t{16} << 10;

/// Takes requests from a stream. Bounded by the limits above, whatever comes.
class RequestParser {
public:
  enum class Step : std::uint8_t {
    more,     // all bytes are used and no command is whole
    command,  // words() has one, until the next call
    broken,   // problem() says why; the server would close, and nothing more is taken
  };
  /// Takes bytes off the front, up to the end of one command. Empty requests are passed over, as the server does.
  auto next(std::string_view &bytes) -> Step;

  [[nodiscard]] auto words() const -> std::vector<std::string> const & { return words_; }
  /// What the server answers behind "-ERR ": "Protocol error: unbalanced quotes in request".
  [[nodiscard]] auto problem() const -> std::string const & { return problem_; }
  /// Whether bytes of an unfinished command are held.
  [[nodiscard]] auto in_command() const -> bool { return state_ != State::start; }

private:
  enum class State : std::uint8_t { start, inline_line, count, bulk_length, bulk, bulk_end, broken };
  auto step(std::string_view &bytes) -> Step;
  auto take_line(std::string_view &bytes) -> bool;
  auto begin(std::string_view bytes) -> Step;
  auto end_inline() -> Step;
  auto end_count() -> Step;
  auto end_bulk_length() -> Step;
  auto take_bulk(std::string_view &bytes) -> Step;
  auto take_bulk_end(std::string_view &bytes) -> Step;
  auto fail(std::string problem) -> Step;

  std::vector<std::string> words_;
  std::string line_;
  std::string problem_;
  std::size_t expected_ = 0;  // words of the present array
  std::size_t left_ = 0;      // bytes of the present bulk string, or of the line end behind it
  std::size_t kept_ = 0;      // declared bytes of the present command
  State state_ = State::start;
};

/// Words of an inline line by the server's rules: white space between them, "…" with \n \r \t \b \a \\ \" \xHH, '…'
/// with \'. Nothing where a quote is open, or something other than white space follows a closing one.
auto split_inline(std::string_view line) -> std::optional<std::vector<std::string>>;

// Replies, appended to `to`. Line breaks within a simple string or error become spaces.
void append_simple(std::string &to, std::string_view text);
/// `text` with its code: "ERR no such key".
void append_error(std::string &to, std::string_view text);
void append_integer(std::string &to, std::int64_t number);
void append_bulk(std::string &to, std::string_view bytes);
void append_null(std::string &to);
/// The elements follow, appended one by one.
void append_array(std::string &to, std::size_t size);

}  // namespace noroshi::codec::resp
