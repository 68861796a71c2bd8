#include "apps/noroshi/import_feed.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>

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
      (void)give_up();
      return Error{sent.error().code, sent.error().sentence + "; nothing of this import was stored"};
    }
    if (load_.empty()) return fail(ErrorCode::malformed, "{}", nothing_);
    asked_to_finish_ = true;
    auto outcome = ask(fmt::format("/api/v1/loads/{}/finish", load_), {}, {});
    progress_.clear();
    if (outcome) tell_passed(*outcome);
    return outcome;
  }

  /// Called by the thread that waits for signals, while run() goes on in its own.
  void tidy_up() {
    auto const given_up = give_up() && client_.asks_a_node();
    // Once the store was asked to show it, only a load that could still be given up is known to be none.
    auto const is_unsure = asked_to_finish_ && !given_up;
    fmt::print(stderr, "{}noroshi: interrupted; {}\n", ::isatty(STDERR_FILENO) != 0 ? "\r\x1b[K" : "",
               is_unsure ? "everything was there by then: see with \"noroshi data fitness\" whether it was stored"
                         : "nothing of this import was stored");
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
    // A signal that comes meanwhile waits, so that it knows what to give up.
    auto const lock = std::lock_guard{mutex_};
    TRY(auto const begun, client_.post_object("/api/v1/loads", choice_.order));
    load_ = text_of(begun, "load");
    return ok;
  }

  auto give_up() -> Result<void> {
    auto const lock = std::lock_guard{mutex_};
    if (load_.empty() || !client_.asks_a_node()) return ok;
    auto const answer = client_.post(fmt::format("/api/v1/loads/{}/abandon", load_), {});
    return answer ? Result<void>{ok} : answer.error();
  }

  void note_passed(FeedInput const &input) {
    for (auto const &name : input.passed().names) passed_.add(name);
    passed_.count += input.passed().count - input.passed().names.size();
  }

  void tell_passed(json::object &outcome) const {
    outcome["files_left_out"] = passed_.count;
    auto names = json::array{};
    for (auto const &name : passed_.names) names.emplace_back(lossless_utf8(name));
    outcome["files_left_out_names"] = std::move(names);
  }

  /// While one piece is with the node, the next one is read.
  auto send(std::string const &path) -> Result<void> {
    TRY(auto input, FeedInput::open(path));
    want_only_the_formats(input);
    auto piece = FeedInput::Piece{};
    TRY(auto more, input.next(piece));
    if (!more) nothing_ = input.nothing();
    // Among others it would be passed over in silence.
    if (!more && !load_.empty() && input.passed().count == 0) return fail(ErrorCode::malformed, "{}", nothing_);
    if (more && choice_.format.empty()) {
      TRY_VOID(recognise(input, piece));
      want_only_the_formats(input);
    }
    if (more && load_.empty()) TRY_VOID(begin());
    for (auto &name : std::exchange(empty_, {}))
      TRY_VOID(hand_over({.file = std::move(name), .bytes = {}, .begins_file = true, .ends_file = true}));
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
    note_passed(input);
    return ok;
  }

  /// Goes on to the first file that tells its format; files in front of it must be none of the format's.
  auto recognise(FeedInput &input, FeedInput::Piece &piece) -> Result<void> {
    auto passed = std::vector<std::string>{};
    auto const unknown = format_of(input, piece);
    for (auto pieces = std::size_t{0}; pieces < kMostPassed; ++pieces) {
      if (is_empty(piece)) {  // tells nothing of its format
        empty_.push_back(piece.file);
        TRY(auto const more, input.next(piece));
        if (!more) break;
        continue;
      }
      auto const found = piece.begins_file ? format_of(input, piece) : unknown;
      if (found) {
        auto const format = Registry<FeedFormat>::instance().create(*found);
        auto const wants = [&](std::string const &file) { return format->wants(file); };
        if (std::ranges::any_of(passed, wants)) return unknown.error();
        choice_.format = *found;
        std::ranges::for_each(passed, [&](auto const &file) { passed_.add(file); });
        std::erase_if(empty_, [&](auto const &file) { return !format->wants(file); });
        return ok;
      }
      if (piece.begins_file) passed.push_back(piece.file);
      TRY(auto const more, input.next(piece));
      if (!more) break;
    }
    return unknown.error();
  }

  static auto is_empty(FeedInput::Piece const &piece) -> bool {
    return piece.begins_file && piece.ends_file && piece.bytes.empty();
  }

  void want_only_the_formats(FeedInput &input) const {
    input.take_only(understand::is_list);
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
  ImportProgress progress_{"entries"};
  std::mutex mutex_;  // of load_, and of giving it up
  std::string load_;
  std::atomic<bool> asked_to_finish_ = false;
  std::string nothing_;  // why the last input gave nothing
  FeedInput::Passed passed_;
  std::vector<std::string> empty_;  // files in front of the one that told the format
  std::uint64_t parts_ = 0, lines_ = 0;
};

auto plural(std::uint64_t count, std::string_view one, std::string_view more) -> std::string {
  return fmt::format("{} {}", count, count == 1 ? one : more);
}

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
      // What is wrong with a whole file has no other place and no other text.
      auto told = std::string{};
      for (auto const &part : {text_of(example, "file") + (line == 0 ? "" : fmt::format(" line {}", line)),
                               text_of(example, "text"), sentence})
        if (!part.empty() && part != told) told += (told.empty() ? "" : ": ") + part;
      text += fmt::format("  {}\n", printable(told));
    }
  }
  return text;
}

}  // namespace

auto import_feed(Client &client, Interruption &interruption, std::vector<std::string> const &paths, FeedChoice choice)
    -> Result<json::object> {
  auto import = FeedImport{client, std::move(choice)};
  auto const watched = Interruption::Watch{interruption, [&] { import.tidy_up(); }};
  return import.run(paths);
}

auto feed_text(json::object const &outcome) -> std::string {
  auto table = Table{{"TYPE", "VALUES"}};
  for (auto const &entry : list_of(outcome, "types"))
    table.add({text_of(object_of(entry), "type"), text_of(object_of(entry), "values")});
  auto text = table.empty() ? std::string{} : table.text(terminal_width());
  text += tally_text(outcome, "refused", "refused");
  text += tally_text(outcome, "left_out", "left out, no indicator");
  text += tally_text(outcome, "changed", "taken, but");
  if (auto const left = number_of(outcome, "files_left_out"); left > 0) {
    text += fmt::format("left out: {}, no lists of that format:", plural(left, "file", "files"));
    auto const &names = list_of(outcome, "files_left_out_names");
    for (auto const &name : names) text += " " + printable(std::string_view{name.as_string()});
    text += left > names.size() ? " …\n" : "\n";
  }
  text += fmt::format("{}: {} of {}", printable(text_of(outcome, "source")),
                      plural(number_of(outcome, "files"), "file", "files"), text_of(outcome, "format"));
  if (auto const lines = number_of(outcome, "lines"); lines > 0)
    text += fmt::format(", {} ({} blank or comments)", plural(lines, "line", "lines"), number_of(outcome, "comments"));
  auto const values = number_of(outcome, "values");
  return text + fmt::format("\n  {} taken, {}, {}\n  {} left out, {} refused\n", plural(values, "value", "values"),
                            plural(number_of(outcome, "indicators"), "different indicator", "different indicators"),
                            plural(number_of(outcome, "reports"), "origin", "origins"), number_of(outcome, "left_out"),
                            number_of(outcome, "refused"));
}

auto looks_like_feed(std::string const &path, Looks how) -> std::string {
  struct stat facts{};
  if (path == "-" || ::stat(path.c_str(), &facts) != 0) return {};
  if (!S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode)) return {};
  auto input = FeedInput::open(path);
  auto piece = FeedInput::Piece{};
  if (!input) return {};
  if (auto const read = input->next(piece); !read || !*read) return {};
  auto const format = format_of(*input, piece);
  // A log may look like a list of values; what only feeds look like is told.
  auto const is_sure = format && *format != "plain" && *format != "hosts";
  return is_sure || (format && how == Looks::may_be) ? *format : std::string{};
}

}  // namespace noroshi::apps
