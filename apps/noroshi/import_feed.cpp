#include "apps/noroshi/import_feed.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <future>

#include <boost/json/parse.hpp>

#include "apps/noroshi/feed_input.hpp"
#include "apps/noroshi/import_progress.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/output.hpp"
#include "base/text.hpp"
#include "understand/feeds/feed.hpp"

namespace noroshi::apps {

namespace {

namespace json = boost::json;
using understand::FeedFormat;

auto number_of(json::object const &object, std::string_view name) -> std::uint64_t {
  auto const *const found = object.if_contains(name);
  auto error = json::error_code{};
  auto const value = found == nullptr ? 0 : found->to_number<std::uint64_t>(error);
  return error ? 0 : value;
}

auto format_of(FeedInput const &input, FeedInput::Piece const &first) -> Result<std::string> {
  return understand::recognise_feed({.file = first.file,
                                     .beginning = std::string_view{first.bytes}.substr(0, understand::kFeedSampleBytes),
                                     .is_whole = first.ends_file && first.bytes.size() <= understand::kFeedSampleBytes,
                                     .has_manifest = input.has_manifest()});
}

// An archive may begin with a licence or a script; what begins with more than so many pieces is none of ours.
constexpr auto kMostPassed = std::size_t{16};

class FeedImport {
public:
  FeedImport(Client &client, FeedChoice choice) : client_(client), choice_(std::move(choice)) {}

  auto run(std::vector<std::string> const &paths) -> Result<json::object> {
    for (auto const &path : paths) {
      auto sent = send(path);
      if (sent) continue;
      progress_.clear();
      if (!load_.empty()) (void)client_.post(fmt::format("/api/v1/loads/{}/abandon", load_), {});
      return Error{sent.error().code, sent.error().sentence + "; nothing of this import was stored"};
    }
    if (load_.empty()) return fail(ErrorCode::malformed, "there is no file of that format in what was given");
    auto outcome = ask(fmt::format("/api/v1/loads/{}/finish", load_), {}, {});
    progress_.clear();
    return outcome;
  }

private:
  auto ask(std::string path, net::HttpFields query, std::string body) -> Result<json::object> {
    auto request = net::HttpRequest{};
    request.method = "POST";
    request.path = std::move(path);
    request.query = std::move(query);
    request.body = std::move(body);
    TRY(auto const response, client_.ask(std::move(request)));
    auto error = json::error_code{};
    auto document = json::parse(response.body, error);
    if (error || !document.is_object()) return fail(ErrorCode::internal, "the node's answer is no JSON object");
    return std::move(document.get_object());
  }

  auto begin() -> Result<void> {
    choice_.order["format"] = choice_.format;
    TRY(auto const begun, client_.post_object("/api/v1/loads", choice_.order));
    load_ = text_of(begun, "load");
    return ok;
  }

  /// While one piece is with the node, the next one is read.
  auto send(std::string const &path) -> Result<void> {
    TRY(auto input, FeedInput::open(path));
    want_only_the_formats(input);
    auto piece = FeedInput::Piece{};
    TRY(auto more, input.next(piece));
    if (more && choice_.format.empty()) {
      TRY_VOID(recognise(input, piece));
      want_only_the_formats(input);
    }
    if (more && load_.empty()) TRY_VOID(begin());
    while (more) {
      auto following = FeedInput::Piece{};
      auto reading = std::async(std::launch::async, [&] { return input.next(following); });
      auto taken = hand_over(std::move(piece));
      auto read = reading.get();
      if (!taken) return taken;
      if (!read) return std::move(read).error();
      progress_.show(path, input.bytes_read(), input.bytes_in_all(), lines_);
      piece = std::move(following);
      more = *read;
    }
    return ok;
  }

  /// Goes on to the first file that tells its format; files in front of it must be none of the format's.
  auto recognise(FeedInput &input, FeedInput::Piece &piece) -> Result<void> {
    auto passed = std::vector<std::string>{};
    auto const unknown = format_of(input, piece);
    for (auto pieces = std::size_t{0}; pieces < kMostPassed; ++pieces) {
      auto const found = piece.begins_file ? format_of(input, piece) : unknown;
      if (found) {
        auto const format = Registry<FeedFormat>::instance().create(*found);
        auto const wants = [&](std::string const &file) { return format->wants(file); };
        if (std::ranges::any_of(passed, wants)) return unknown.error();
        choice_.format = *found;
        return ok;
      }
      if (piece.begins_file) passed.push_back(piece.file);
      TRY(auto const more, input.next(piece));
      if (!more) break;
    }
    return unknown.error();
  }

  void want_only_the_formats(FeedInput &input) const {
    if (auto format = std::shared_ptr<FeedFormat>{Registry<FeedFormat>::instance().create(choice_.format)})
      input.take_only([format](std::string_view file) { return format->wants(file); });
  }

  auto hand_over(FeedInput::Piece piece) -> Result<void> {
    auto query = net::HttpFields{{"part", std::to_string(parts_++)}};
    if (piece.begins_file) query.emplace_back("file", piece.file);
    if (piece.ends_file) query.emplace_back("end", "1");
    TRY(auto const outcome,
        ask(fmt::format("/api/v1/loads/{}/parts", load_), std::move(query), std::move(piece.bytes)));
    lines_ = std::max(number_of(outcome, "lines"), number_of(outcome, "values"));
    return ok;
  }

  Client &client_;
  FeedChoice choice_;
  ImportProgress progress_;
  std::string load_;
  std::uint64_t parts_ = 0, lines_ = 0;
};

/// "refused:" and what belongs below it; nothing where nothing was.
auto tally_text(json::object const &outcome, std::string_view name, std::string_view title) -> std::string {
  auto text = std::string{};
  for (auto const &entry : list_of(outcome, fmt::format("{}_reasons", name))) {
    auto const &reason = object_of(entry);
    text += fmt::format("{}: {}: {}\n", title, printable(text_of(reason, "reason")), number_of(reason, "count"));
    for (auto const &shown : list_of(reason, "examples")) {
      auto const &example = object_of(shown);
      auto const line = number_of(example, "line");
      auto const sentence = text_of(example, "sentence");
      text += fmt::format("  {}{}: {}{}{}\n", printable(text_of(example, "file")),
                          line == 0 ? "" : fmt::format(" line {}", line), printable(text_of(example, "text")),
                          sentence.empty() ? "" : ": ", printable(sentence));
    }
  }
  return text;
}

}  // namespace

auto import_feed(Client &client, std::vector<std::string> const &paths, FeedChoice choice) -> Result<json::object> {
  return FeedImport{client, std::move(choice)}.run(paths);
}

auto feed_text(json::object const &outcome) -> std::string {
  auto table = Table{{"TYPE", "VALUES"}};
  for (auto const &entry : list_of(outcome, "types"))
    table.add({text_of(object_of(entry), "type"), text_of(object_of(entry), "values")});
  auto text = table.empty() ? std::string{} : table.text(terminal_width());
  text += tally_text(outcome, "refused", "refused");
  text += tally_text(outcome, "left_out", "left out, no indicator");
  text += tally_text(outcome, "changed", "taken, but");
  return text + fmt::format(
                    "{}: {} files of {}, {} lines ({} blank or comments), {} values taken, {} different "
                    "indicators, {} origins, {} left out, {} refused\n",
                    printable(text_of(outcome, "source")), number_of(outcome, "files"), text_of(outcome, "format"),
                    number_of(outcome, "lines"), number_of(outcome, "comments"), number_of(outcome, "values"),
                    number_of(outcome, "indicators"), number_of(outcome, "reports"), number_of(outcome, "left_out"),
                    number_of(outcome, "refused"));
}

auto looks_like_feed(std::string const &path) -> std::string {
  struct stat facts{};
  if (path == "-" || ::stat(path.c_str(), &facts) != 0) return {};
  if (!S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode)) return {};
  auto input = FeedInput::open(path);
  auto piece = FeedInput::Piece{};
  if (!input) return {};
  if (auto const read = input->next(piece); !read || !*read) return {};
  auto const format = format_of(*input, piece);
  // A log may look like a list of values; what only feeds look like is told.
  return format && *format != "plain" && *format != "hosts" ? *format : std::string{};
}

}  // namespace noroshi::apps
