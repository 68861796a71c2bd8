#include "apps/noroshi/search_output.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "apps/noroshi/json_text.hpp"
#include "base/text.hpp"

namespace noroshi::apps {
namespace {

// Of a value in a table: the longest domain names and most URLs fit. JSON and CSV have it whole.
constexpr auto kShownBytes = std::size_t{256};
// Rows of a table that are printed at once, in columns that fit them.
constexpr auto kRowsAtOnce = std::size_t{1'000};
// 256 hits of a kilobyte make a quarter of a megabyte; more than this is no answer's line.
constexpr auto kMaxLine = std::size_t{64} << 20;

auto number(boost::json::object const &object, std::string_view name) -> std::uint64_t {
  auto const *const found = object.if_contains(name);
  auto error = boost::json::error_code{};
  auto const value = found == nullptr ? 0 : found->to_number<std::uint64_t>(error);
  return error ? 0 : value;
}

auto shown(std::string const &value) -> std::string {
  if (value.size() <= kShownBytes) return value;
  auto kept = std::size_t{0};
  while (kept < kShownBytes) kept += utf8_step(std::string_view{value}.substr(kept)).size;
  return value.substr(0, kept) + "…";
}

auto columns() -> Table {
  auto table = Table{{"VALUE", "TYPE", "KNOWN", "ROLE", "MATCH", "SOURCE", "COUNT", "LAST SEEN (UTC)", "WHY"}};
  return table.keep({7}).note_last(2);
}

void add_rows(Table &table, boost::json::object const &answer, Format format) {
  auto const whole = text_of(answer, "value");
  auto const value = format == Format::table ? shown(whole) : whole;
  auto const type = text_of(answer, "type");
  if (!answer.contains("type") || answer.at("type").is_null()) {
    table.add({value, "-", "unreadable", "", "", "", "", "", text_of(answer, "reason")});
    return;
  }
  if (!flag_of(answer, "known")) table.add({value, type, "no", "", "", "", "", "", ""});
  for (auto const &entry : list_of(answer, "hits")) {
    auto const &hit = object_of(entry);
    auto const &assessment = object_of(hit, "assessment");
    table.add({value, type, text_of(assessment, "strength"), text_of(hit, "role"), text_of(hit, "match"),
               text_of(hit, "source"), text_of(hit, "count"), time_of(hit, "last_seen"),
               text_of(assessment, "sentence")});
  }
  if (auto const more = number(answer, "hits_left_out"); more > 0)
    table.add({value, type, "…", "", "", "", "", "", fmt::format("and {} more, none of them stronger", more)});
}

}  // namespace

void SearchSummary::add(boost::json::object const &line) {
  for (auto const &entry : list_of(line, "members")) {
    auto const &answer = object_of(entry);
    member = text_of(answer, "member");
    milliseconds += number(answer, "ms");
    values += number(answer, "values");
    hits += number(answer, "hits");
    for (auto const &type : list_of(answer, "cannot"))
      if (std::ranges::find(cannot, type) == cannot.end()) cannot.push_back(type);
    if (status != "answered") continue;
    status = text_of(answer, "status");
    reason = text_of(answer, "reason");
  }
}

void SearchSummary::add(Error const &failure) {
  if (status != "answered") return;
  status = "partly";
  reason = failure.sentence;
}

auto SearchSummary::json() const -> std::string {
  auto const answer = boost::json::object{
      {"member", member},   {"status", status},
      {"ms", milliseconds}, {"values", values},
      {"hits", hits},       {"reason", reason.empty() ? boost::json::value{} : boost::json::value(reason)},
      {"cannot", cannot}};
  return boost::json::serialize(boost::json::object{{"members", boost::json::array{answer}}}) + "\n";
}

auto SearchSummary::text() const -> std::string {
  auto text = fmt::format("\n{} {} in {} ms: {} of {} values known, {} {}\n", printable(member), status, milliseconds,
                          known, values, hits, hits == 1 ? "hit" : "hits");
  if (!reason.empty() && (hits == 0 || status != "answered")) text += printable(reason) + "\n";
  return text;
}

SearchOutput::SearchOutput(Format format) : format_(format), table_(columns()) {}

auto SearchOutput::take(std::string_view bytes) -> Result<void> {
  auto const outcome = take_lines(bytes);
  if (!lines_.empty()) {
    progress_.clear();
    print(lines_);
    lines_.clear();
  }
  return outcome;
}

auto SearchOutput::take_lines(std::string_view bytes) -> Result<void> {
  while (!bytes.empty()) {
    auto const end = bytes.find('\n');
    auto const part = bytes.substr(0, end);
    if (begun_.size() + part.size() > kMaxLine)
      return fail(ErrorCode::internal, "a line of the node's answer is longer than {} MiB", kMaxLine >> 20);
    if (end == std::string_view::npos) {
      begun_ += part;
      return ok;
    }
    if (begun_.empty()) {
      TRY_VOID(take_line(part));
    } else {
      begun_ += part;
      TRY_VOID(take_line(begun_));
      begun_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
  return ok;
}

auto SearchOutput::take_line(std::string_view line) -> Result<void> {
  auto const is_answer = !line.starts_with("{\"members\":") && !line.starts_with("{\"progress\":");
  if (is_answer && format_ == Format::json) {
    ++answers_;
    // In a text the quotes would have backslashes.
    if (line.contains("\"known\":true")) ++summary_.known;
    lines_.append(line).push_back('\n');
    return ok;
  }
  auto error = boost::json::error_code{};
  auto const document = boost::json::parse(line, error);
  if (error || !document.is_object()) return fail(ErrorCode::internal, "a line of the node's answer is no JSON object");
  auto const &object = document.get_object();
  if (object.contains("members")) {
    summary_.add(object);
  } else if (object.contains("progress")) {
    auto const &far = object_of(object, "progress");
    progress_.show(
        fmt::format("{} of {} indicators, {} found", number(far, "examined"), number(far, "of"), number(far, "found")));
  } else {
    ++answers_;
    if (flag_of(object, "known")) ++summary_.known;
    add_rows(table_, object, format_);
    if (table_.rows() >= kRowsAtOnce) flush();
  }
  return ok;
}

void SearchOutput::flush() {
  progress_.clear();
  print(table_, format_);
  table_.go_on();
}

void SearchOutput::finish() {
  progress_.clear();
  if (format_ == Format::json) return print(summary_.json());
  flush();
  if (format_ == Format::table) print(summary_.text());
}

}  // namespace noroshi::apps
