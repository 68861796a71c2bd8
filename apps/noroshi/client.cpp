#include "apps/noroshi/client.hpp"

#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/node.hpp"

namespace noroshi::apps {
namespace {

// A local node answers whether it lives at once; a machine under load gets patience.
constexpr auto kKnockDeadline = std::chrono::seconds{10};
// The longest single piece of work behind one request: a report of half a million values on a slow disk.
constexpr auto kCallDeadline = std::chrono::seconds{600};

// A node with a hundred million indicators and some days of observations is up within ten seconds; one that applies
// what it was killed with takes longer, and so does another command at work.
constexpr auto kStartPatience = std::chrono::seconds{30};
// Who waits so long is told why.
constexpr auto kSilence = std::chrono::seconds{1};
constexpr auto kLockBeat = std::chrono::milliseconds{100};

auto request_for(std::string method, std::string path, net::HttpFields query, std::string body) -> net::HttpRequest {
  auto request = net::HttpRequest{};
  request.method = std::move(method);
  request.path = std::move(path);
  request.query = std::move(query);
  request.body = std::move(body);
  return request;
}

auto code_of(std::string_view word) -> ErrorCode {
  for (auto const code : {ErrorCode::malformed, ErrorCode::too_large, ErrorCode::timed_out, ErrorCode::not_found,
                          ErrorCode::unavailable, ErrorCode::denied, ErrorCode::conflict})
    if (to_string(code) == word) return code;
  return ErrorCode::internal;
}

auto error_of(net::HttpResponse const &response) -> Error {
  auto error = boost::json::error_code{};
  auto const document = boost::json::parse(response.body, error);
  if (error || !document.is_object())
    return fail(ErrorCode::internal, "the node answered with status {} and no reason", response.status);
  auto const &problem = document.get_object();
  return Error{code_of(text_of(problem, "code")), text_of(problem, "detail")};
}

auto object_of(std::string_view body) -> Result<boost::json::object> {
  auto error = boost::json::error_code{};
  auto document = boost::json::parse(body, error);
  if (error || !document.is_object()) return fail(ErrorCode::internal, "the node's answer is no JSON object");
  return std::move(document.get_object());
}

}  // namespace

Client::Client(std::string language, std::string socket, std::unique_ptr<Node> node)
    : language_(std::move(language)), socket_(std::move(socket)), node_(std::move(node)) {}
Client::Client(Client &&) noexcept = default;
auto Client::operator=(Client &&) noexcept -> Client & = default;
Client::~Client() = default;

auto Client::is_node_running(Global const &global) -> Result<bool> {
  auto const socket = DataDirectory{global.data}.api_socket();
  auto const knock = net::http_call(socket, request_for("GET", "/healthz", {}, {}), kKnockDeadline);
  if (!knock && knock.error().code == ErrorCode::timed_out) return knock.error();
  return knock.has_value();
}

/// Who has the data directory open without answering may be a node that starts: its socket comes.
auto Client::open(Global const &global) -> Result<Client> {
  auto const directory = DataDirectory{global.data};
  auto const began = std::chrono::steady_clock::now();
  for (auto is_told = false;;) {
    TRY(auto const runs, is_node_running(global));
    if (runs) return Client{global.language, directory.api_socket(), nullptr};
    auto lock = Node::lock(directory, kLockBeat);
    if (lock) {
      TRY(auto node, Node::open(directory, global.config, *std::move(lock)));
      // A node that was killed may have left what it acknowledged in its intake log.
      TRY_VOID(node->applier().catch_up());
      return Client{global.language, {}, std::move(node)};
    }
    auto const waited = std::chrono::steady_clock::now() - began;
    if (lock.error().code != ErrorCode::conflict || waited > kStartPatience) return std::move(lock).error();
    if (is_told || waited < kSilence) continue;
    fmt::print(stderr, "{} is in use and does not answer yet; waiting up to {} s for its node to start …\n",
               global.data, kStartPatience.count());
    is_told = true;
  }
}

auto Client::call(net::HttpRequest request) -> Result<net::HttpResponse> {
  request.headers.emplace_back("accept-language", language_);
  if (!node_) return net::http_call(socket_, request, kCallDeadline);
  request.peer_uid = ::geteuid();
  auto response = node_->router().handle(request);
  auto body = std::string{};
  TRY_VOID(net::drain(response, [&](std::string_view piece) -> Result<void> {
    body += piece;
    return ok;
  }));
  response.body = std::move(body);
  response.pieces = nullptr;
  return response;
}

auto Client::stream(net::HttpRequest request, net::TakePiece const &take) -> Result<void> {
  request.headers.emplace_back("accept-language", language_);
  if (!node_) {
    TRY(auto response, net::http_stream(socket_, request, kCallDeadline, take));
    return response.status >= 300 ? Result<void>{error_of(response)} : ok;
  }
  request.peer_uid = ::geteuid();
  auto response = node_->router().handle(request);
  return response.status >= 300 ? Result<void>{error_of(response)} : net::drain(response, take);
}

auto Client::checked(net::HttpResponse response) -> Result<net::HttpResponse> {
  if (response.status >= 300) return error_of(response);
  return response;
}

auto Client::ask(net::HttpRequest request) -> Result<net::HttpResponse> {
  TRY(auto response, call(std::move(request)));
  return checked(std::move(response));
}

auto Client::get(std::string path, net::HttpFields query) -> Result<std::string> {
  TRY(auto response, ask(request_for("GET", std::move(path), std::move(query), {})));
  return std::move(response.body);
}

auto Client::post(std::string path, std::string body) -> Result<std::string> {
  TRY(auto response, ask(request_for("POST", std::move(path), {}, std::move(body))));
  return std::move(response.body);
}

auto Client::get_object(std::string path, net::HttpFields query) -> Result<boost::json::object> {
  TRY(auto const body, get(std::move(path), std::move(query)));
  return object_of(body);
}

auto Client::post_object(std::string path, boost::json::object const &body) -> Result<boost::json::object> {
  TRY(auto const answer, post(std::move(path), boost::json::serialize(body)));
  return object_of(answer);
}

}  // namespace noroshi::apps
