#include "apps/noroshi/node_link.hpp"

#include <boost/json.hpp>

#include "apps/noroshi/json_text.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "serve/peer_packs.hpp"

namespace noroshi::apps {

namespace {

namespace json = boost::json;

// A batch is a few MiB and the node syncs it before it answers; over a slow line that takes its time.
constexpr auto kBatchDeadline = std::chrono::seconds{60};
constexpr auto kWordDeadline = std::chrono::seconds{15};

auto request_for(std::string method, std::string path) -> net::HttpRequest {
  auto request = net::HttpRequest{};
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

void describe(net::HttpRequest &request, SensorReport const &report) {
  auto const line = [](std::string text) {
    for (auto &c : text)
      if (static_cast<unsigned char>(c) < ' ') c = ' ';  // a header is one line
    return text;
  };
  request.headers = {{"noroshi-time", to_rfc3339(system_clock().now())},
                     {"noroshi-version", std::string{version()}},
                     {"noroshi-spool-bytes", std::to_string(report.spool_bytes)},
                     {"noroshi-drops", std::to_string(report.drops)},
                     {"noroshi-space", line(report.space)},
                     {"noroshi-configuration-version", std::to_string(report.applied_version)}};
  if (!report.trouble.empty()) request.headers.emplace_back("noroshi-configuration-trouble", line(report.trouble));
}

auto parsed(std::string_view body) -> json::object {
  auto error = json::error_code{};
  auto document = json::parse(body, error);
  return error || !document.is_object() ? json::object{} : std::move(document.get_object());
}

/// The body of a good answer. What the node refuses says so in its own words.
auto body_of(Result<net::HttpResponse> answer) -> Result<std::string> {
  if (!answer) return answer.error();
  if (answer->status == 200) return std::move(answer->body);
  auto const why = text_of(parsed(answer->body), "detail");
  auto const code = answer->status == 413                            ? ErrorCode::too_large
                    : answer->status == 400                          ? ErrorCode::malformed
                    : answer->status == 401 || answer->status == 403 ? ErrorCode::denied
                    : answer->status == 404                          ? ErrorCode::not_found
                                                                     : ErrorCode::unavailable;
  return fail(code, "the node answered: {}", why.empty() ? std::to_string(answer->status) : why);
}

}  // namespace

auto join_node(codec::EnrolmentCode const &code, SensorFolder const &folder) -> Result<Membership> {
  TRY(auto const identity, folder.identity());
  TRY(auto const client, net::PeerClient::create({code.addresses, code.node, identity}));
  auto request = request_for("POST", "/peer/v1/enrol");
  request.body = json::serialize(json::object{{"secret", to_hex(code.secret)}});
  TRY(auto const body, body_of(client->call(request, kWordDeadline)));
  auto membership = Membership{text_of(parsed(body), "sensor"), code.node, code.addresses, codec::sha256(code.secret)};
  TRY_VOID(folder.keep(membership));
  return membership;
}

auto NodeLink::create(Membership const &membership, net::Identity const &identity)
    -> Result<std::unique_ptr<NodeLink>> {
  auto const options = net::PeerClientOptions{membership.addresses, membership.node, identity};
  TRY(auto batches, net::PeerClient::create(options));
  TRY(auto words, net::PeerClient::create(options));
  return std::unique_ptr<NodeLink>{new NodeLink{std::move(batches), std::move(words)}};
}

auto NodeLink::hand_in(model::Batch const &batch, SensorReport const &report) -> Result<bool> {
  auto request = request_for("POST", "/peer/v1/batches");
  describe(request, report);
  request.headers.emplace_back("noroshi-epoch", std::to_string(batch.epoch));
  request.headers.emplace_back("noroshi-sequence", std::to_string(batch.sequence));
  request.headers.emplace_back("content-type", "application/octet-stream");
  request.body = batch.frames;
  TRY(auto const body, body_of(batches_->call(request, kBatchDeadline)));
  return !flag_of(parsed(body), "duplicate");
}

auto NodeLink::report(SensorReport const &report) -> Result<std::string> {
  auto request = request_for("POST", "/peer/v1/health");
  describe(request, report);
  TRY(auto const body, body_of(words_->call(request, kWordDeadline)));
  return text_of(parsed(body), "configuration");
}

auto NodeLink::configuration() -> Result<PushedConfiguration> {
  TRY(auto const body, body_of(words_->call(request_for("GET", "/peer/v1/configuration"), kWordDeadline)));
  return PushedConfiguration::parse(body);
}

auto NodeLink::pack(std::string const &sha256) -> Result<std::string> {
  auto request = request_for("GET", "/peer/v1/packs");
  request.query = {{"sha256", sha256}};
  TRY(auto body, body_of(words_->call(request, kWordDeadline)));
  if (body.size() > serve::kMaxPackBytes) return fail(ErrorCode::too_large, "the pack {} is too large", sha256);
  return body;
}

}  // namespace noroshi::apps
