// How commands reach the node: over DATA/api.sock where one runs, else by opening the data directory in this process.
// The same router answers either way.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "apps/noroshi/command.hpp"
#include "net/http.hpp"

namespace noroshi::apps {

class Node;

class Client {
public:
  /// not_found where the data directory was never made; conflict where another process has it open and does not answer.
  static auto open(Global const &global) -> Result<Client>;
  /// timed_out where one is there and does not answer.
  static auto is_node_running(Global const &global) -> Result<bool>;
  Client(Client &&) noexcept;
  auto operator=(Client &&) noexcept -> Client &;
  ~Client();

  /// False where the data directory is open in this process: nothing outlives it.
  [[nodiscard]] auto asks_a_node() const -> bool { return !socket_.empty(); }

  /// The whole answer, whatever its status. Where a node is asked, by any thread.
  auto call(net::HttpRequest request) -> Result<net::HttpResponse>;

  /// The body of a good answer to `take`, as it comes; anything else becomes the error that the problem details tell.
  auto stream(net::HttpRequest request, net::TakePiece const &take) -> Result<void>;

  /// A good answer; anything else becomes the error that the problem details tell.
  static auto checked(net::HttpResponse response) -> Result<net::HttpResponse>;
  auto ask(net::HttpRequest request) -> Result<net::HttpResponse>;

  /// The body of a good answer; anything else becomes the error that the problem details tell.
  auto get(std::string path, net::HttpFields query = {}) -> Result<std::string>;
  auto post(std::string path, std::string body) -> Result<std::string>;
  /// The same, as a JSON object.
  auto get_object(std::string path, net::HttpFields query = {}) -> Result<boost::json::object>;
  auto post_object(std::string path, boost::json::object const &body) -> Result<boost::json::object>;

private:
  Client(std::string language, std::string socket, std::unique_ptr<Node> node);

  std::string language_;
  std::string socket_;          // of the running node, or
  std::unique_ptr<Node> node_;  // opened here
};

}  // namespace noroshi::apps
