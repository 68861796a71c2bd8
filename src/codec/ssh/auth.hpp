// Messages of the authentication protocol, as a server reads and writes them (RFC 4252, RFC 4256).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/ssh/wire.hpp"

namespace noroshi::codec::ssh {

/// SSH_MSG_USERAUTH_REQUEST. What a method does not have is empty.
struct AuthRequest {
  std::string user, service, method;
  std::string password;
  bool changes_password = false;
  std::string new_password;
  std::string key_algorithm, key_blob, signature;
  bool is_query = false;   // publickey without a signature: would this key do?
  std::string submethods;  // of keyboard-interactive
};
/// malformed: the message ends early, or late.
auto parse_auth_request(std::string_view payload, Trailing trailing = Trailing::refused) -> Result<AuthRequest>;
/// SSH_MSG_USERAUTH_INFO_RESPONSE: at most `most` answers.
auto parse_info_response(std::string_view payload, std::size_t most) -> Result<std::vector<std::string>>;
/// The one string of SSH_MSG_SERVICE_REQUEST.
auto parse_service_request(std::string_view payload, Trailing trailing = Trailing::refused) -> Result<std::string>;

auto service_accept(std::string_view service) -> std::string;
/// `methods`: "publickey,password"
auto auth_failure(std::string_view methods, bool partial = false) -> std::string;
auto auth_success() -> std::string;
auto auth_banner(std::string_view text) -> std::string;
/// Asks for one line without echo.
auto info_request(std::string_view name, std::string_view instruction, std::vector<std::string> const &prompts)
    -> std::string;
/// To a query: this key would do, if it were yours.
auto key_is_fine(std::string_view algorithm, std::string_view blob) -> std::string;

}  // namespace noroshi::codec::ssh
