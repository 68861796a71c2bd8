#include "codec/ssh/auth.hpp"

#include "codec/ssh/wire.hpp"

namespace noroshi::codec::ssh {
namespace {

auto rest_of(std::string_view payload) -> ByteReader {
  return ByteReader{payload.substr(std::min<std::size_t>(1, payload.size()))};
}

auto bad(std::string_view what) -> Error {
  return fail(ErrorCode::malformed, "{} has another length than it says", what);
}

void read_key(ByteReader &from, AuthRequest &request) {
  request.is_query = !read_flag(from);
  request.key_algorithm = read_string(from);
  request.key_blob = read_string(from);
  if (!request.is_query) request.signature = read_string(from);
}

}  // namespace

auto parse_auth_request(std::string_view payload, Trailing trailing) -> Result<AuthRequest> {
  auto from = rest_of(payload);
  auto request = AuthRequest{};
  request.user = read_string(from);
  request.service = read_string(from);
  request.method = read_string(from);
  if (from.failed()) return bad("an authentication request");
  if (request.method == "password") {
    request.changes_password = read_flag(from);
    request.password = read_string(from);
    if (request.changes_password) request.new_password = read_string(from);
  } else if (request.method == "publickey") {
    read_key(from, request);
  } else if (request.method == "keyboard-interactive") {
    (void)read_string(from);  // a language
    request.submethods = read_string(from);
  } else {
    (void)from.take(request.method == "none" ? 0 : from.rest().size());  // what other methods carry is theirs
  }
  if (!is_text(request.password, trailing)) return bad("a password");
  for (auto *const name : {&request.user, &request.service, &request.method}) {
    if (trailing == Trailing::refused && name->ends_with('\0')) name->pop_back();  // which ends text there
    if (name->contains('\0') && (trailing == Trailing::refused || name != &request.method))
      return bad("a name in an authentication request");
  }
  if (!is_whole(from, trailing)) return bad("an authentication request");
  return request;
}

auto parse_info_response(std::string_view payload, std::size_t most) -> Result<std::vector<std::string>> {
  auto from = rest_of(payload);
  auto const count = from.big<std::uint32_t>();
  if (count > most) return fail(ErrorCode::too_large, "{} answers to {} questions", count, most);
  auto answers = std::vector<std::string>{};
  for (auto i = std::uint32_t{0}; i < count && !from.failed(); ++i) answers.emplace_back(read_string(from));
  if (!is_whole(from, Trailing::refused)) return bad("an answer to questions");
  return answers;
}

auto parse_service_request(std::string_view payload, Trailing trailing) -> Result<std::string> {
  auto from = rest_of(payload);
  auto service = std::string{read_string(from)};
  if (!is_whole(from, trailing) || !is_text(service, trailing)) return bad("a service request");
  return service;
}

auto service_accept(std::string_view service) -> std::string {
  auto message = begin_message(Message::service_accept);
  append_string(message, service);
  return message;
}

auto auth_failure(std::string_view methods, bool partial) -> std::string {
  auto message = begin_message(Message::auth_failure);
  append_string(message, methods);
  message.push_back(partial ? '\1' : '\0');
  return message;
}

auto auth_success() -> std::string { return begin_message(Message::auth_success); }

auto auth_banner(std::string_view text) -> std::string {
  auto message = begin_message(Message::auth_banner);
  append_string(message, text);
  append_string(message, {});
  return message;
}

auto info_request(std::string_view name, std::string_view instruction, std::vector<std::string> const &prompts)
    -> std::string {
  auto message = begin_message(Message::auth_info_request);
  append_string(message, name);
  append_string(message, instruction);
  append_string(message, {});
  append_be(message, static_cast<std::uint32_t>(prompts.size()));
  for (auto const &prompt : prompts) {
    append_string(message, prompt);
    message.push_back('\0');
  }
  return message;
}

auto key_is_fine(std::string_view algorithm, std::string_view blob) -> std::string {
  auto message = begin_message(Message::auth_info_request);  // the same number
  append_string(message, algorithm);
  append_string(message, blob);
  return message;
}

}  // namespace noroshi::codec::ssh
