#include "apps/noroshi/import_file.hpp"

#include <algorithm>
#include <thread>

#include <boost/json/parse.hpp>

#include "apps/noroshi/json_text.hpp"
#include "codec/json_writer.hpp"
#include "understand/import_desk.hpp"

namespace noroshi::apps {

namespace {

// A store that is stuck (a full disk) gets so long to be helped before the import gives up.
constexpr auto kPatience = std::chrono::minutes{10};
constexpr auto kPause = std::chrono::milliseconds{500};

auto number_of(boost::json::object const &object, std::string_view name) -> std::uint64_t {
  auto const *const found = object.if_contains(name);
  auto error = boost::json::error_code{};
  auto const value = found == nullptr ? 0 : found->to_number<std::uint64_t>(error);
  return error ? 0 : value;
}

class FileImport {
public:
  FileImport(Client &client, LogInput input, ImportProgress &progress, ImportedFile &outcome)
      : client_(client), input_(std::move(input)), progress_(progress), outcome_(outcome) {}

  auto run() -> Result<void> {
    auto piece = LogInput::Piece{};
    while (true) {
      auto const more = input_.next(piece);
      if (!more) {
        outcome_.failure = more.error();
        return ok;
      }
      if (!*more) break;
      if (!piece.lines.empty()) TRY_VOID(hand_over(piece));
      if (outcome_.failure) return ok;
      for (auto const &[line, bytes] : piece.too_long) {
        ++outcome_.lines;
        outcome_.refuse({line, fmt::format("longer than {} bytes: {} bytes", understand::kMaxLineBytes, bytes), {}});
      }
      progress_.show(outcome_.file, input_.bytes_read(), input_.bytes_in_all(), outcome_.lines);
    }
    if (outcome_.lines == 0 && !outcome_.unfinished_line)
      outcome_.failure = fail(ErrorCode::malformed, "{} holds no line", outcome_.file);
    return ok;
  }

private:
  auto hand_over(LogInput::Piece &piece) -> Result<void> {
    auto first_line = piece.first_line;
    if (!header_.empty()) {
      piece.lines.insert(0, header_);
      --first_line;
    }
    auto answer = post(std::move(piece.lines), first_line);
    if (!answer && answer.error().code == ErrorCode::malformed) {
      outcome_.failure = at(outcome_.file, std::move(answer).error());
      return ok;
    }
    if (!answer) return std::move(answer).error();
    auto error = boost::json::error_code{};
    auto const document = boost::json::parse(*answer, error);
    if (error || !document.is_object()) return fail(ErrorCode::internal, "the node's answer is no JSON object");
    outcome_.add(document.get_object());
    if (header_.empty() && flag_of(document.get_object(), "has_header")) header_ = first_line_;
    return ok;
  }

  /// While the stores are behind, the same piece again: nothing of it is doubled.
  auto post(std::string lines, std::uint64_t first_line) -> Result<std::string> {
    if (outcome_.reader.empty() || header_.empty()) first_line_ = lines.substr(0, lines.find('\n')) + "\n";
    auto const until = std::chrono::steady_clock::now() + kPatience;
    while (true) {
      auto request = net::HttpRequest{};
      request.method = "POST";
      request.path = "/api/v1/import";
      request.query = {{"line", std::to_string(first_line)}};
      if (!outcome_.reader.empty()) request.query.emplace_back("reader", outcome_.reader);
      request.body = lines;
      auto response = client_.call(std::move(request));
      if (!response)  // a node that went away: whoever runs this decides when it goes on
        return Error{
            response.error().code,
            response.error().sentence + "; see noroshi status; the same import again goes on where this one ended"};
      auto answer = Client::checked(std::move(*response));
      if (answer) return std::move(answer->body);
      if (answer.error().code != ErrorCode::unavailable || std::chrono::steady_clock::now() > until)
        return std::move(answer).error();
      progress_.wait_for(answer.error().sentence);
      std::this_thread::sleep_for(kPause);
    }
  }

  Client &client_;
  LogInput input_;
  ImportProgress &progress_;
  ImportedFile &outcome_;
  std::string header_;      // of a format that has one: every piece begins with it
  std::string first_line_;  // of the file
};

}  // namespace

void ImportedFile::refuse(ImportRefusal refusal) {
  ++refused;
  if (refusals.size() < understand::kRefusalsTold) refusals.push_back(std::move(refusal));
}

void ImportedFile::add(boost::json::object const &answer) {
  reader = text_of(answer, "reader");
  lines += number_of(answer, "lines");
  taken += number_of(answer, "taken");
  known += number_of(answer, "known");
  observations += number_of(answer, "observations");
  refused += number_of(answer, "refused");
  if (auto const line = number_of(answer, "unfinished_line"); line != 0) unfinished_line = line;
  for (auto const &sensor : list_of(answer, "sensors")) sensors.emplace(std::string{sensor.as_string()});
  for (auto const &entry : list_of(answer, "types")) {
    auto const &type = object_of(entry);
    auto &count = types[text_of(type, "type")];
    count.lines += number_of(type, "lines");
    count.taken += number_of(type, "taken");
  }
  for (auto const &entry : list_of(answer, "refusals")) {
    auto const &refusal = object_of(entry);
    if (refusals.size() < understand::kRefusalsTold)
      refusals.push_back({number_of(refusal, "line"), text_of(refusal, "reason"), text_of(refusal, "beginning")});
  }
}

auto ImportedFile::json() const -> std::string {
  auto line = std::string{};
  auto json = codec::JsonWriter{line};
  json.begin_object()
      .member("file", file)
      .member("reader", reader)
      .member("complete", is_complete())
      .member("lines", lines)
      .member("taken", taken)
      .member("known", known)
      .member("observations", observations)
      .member("refused", refused)
      .member("unfinished_line", unfinished_line)
      .member("error", failure ? std::optional{failure->sentence} : std::nullopt)
      .member("sensors", std::vector<std::string>{sensors.begin(), sensors.end()});
  json.key("types").begin_array();
  for (auto const &[type, count] : types)
    json.begin_object().member("type", type).member("lines", count.lines).member("taken", count.taken).end_object();
  json.end_array().key("refusals").begin_array();
  for (auto const &refusal : refusals)
    json.begin_object()
        .member("line", refusal.line)
        .member("reason", refusal.reason)
        .member("beginning", refusal.beginning)
        .end_object();
  json.end_array().end_object();
  return line + "\n";
}

auto import_file(Client &client, std::string const &path, std::string const &reader, ImportProgress &progress)
    -> Result<ImportedFile> {
  auto outcome = ImportedFile{};
  outcome.file = path == "-" ? "standard input" : path;
  outcome.reader = reader;
  auto input = LogInput::open(path);
  if (!input) {
    outcome.failure = std::move(input).error();
    return outcome;
  }
  TRY_VOID(FileImport{client, *std::move(input), progress, outcome}.run());
  return outcome;
}

}  // namespace noroshi::apps
