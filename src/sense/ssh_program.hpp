// What stands at our end of an SSH channel: a shell, a file transfer, a way into the network that leads nowhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "model/observation.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

/// What it says next.
struct SshReply {
  std::string output;
  std::string errors;  // standard error, which no network has
  bool is_over = false;
  std::optional<std::uint32_t> status;  // of a program that has ended

  void end(std::uint32_t with) {
    is_over = true;
    status = with;
  }
};

class SshProgram {
public:
  /// It says no more than about this much in one go; then it is called again.
  static constexpr auto kPiece = std::size_t{64} << 10;

  virtual ~SshProgram() = default;
  /// Takes bytes off the front of what the client sent and has not been taken: how many. Called again, with no bytes
  /// too, when what it said is on its way, and while that brings something.
  virtual auto take(std::string_view bytes, SshReply &reply, Visit &visit) -> std::size_t = 0;
  /// The client will send no more, and what it sent was taken as far as it could be. Once.
  virtual void take_end(SshReply &reply, Visit &visit) = 0;
  /// Bytes of the client's that it keeps until it has all.
  [[nodiscard]] virtual auto held() const -> std::size_t { return 0; }
  /// Notes what is left. Once, at the end of channel or visit.
  virtual void finish(Visit & /*visit*/) {}
};

/// An observation of the protocol "ssh" that says it in `words` and `extra`.
void note_in_ssh(Visit &visit, model::Kind kind, std::string_view words, boost::json::object const &extra);

}  // namespace noroshi::sense
