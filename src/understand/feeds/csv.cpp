// CSV with a column map: "value=1,first_seen=3" or, by the names in its header, "value=ioc_value,tags=tags".
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/ranges.h>

#include "codec/csv.hpp"
#include "model/characters.hpp"
#include "understand/feeds/lines.hpp"

namespace noroshi::understand::feeds {

namespace {

enum class Role : std::uint8_t { value, type, first_seen, last_seen, expires, role, confidence, tags, tlp, reference };

constexpr auto kRoles = std::to_array<std::string_view>(
    {"value", "type", "first_seen", "last_seen", "expires", "role", "confidence", "tags", "tlp", "reference"});
constexpr auto kNone = std::size_t{0};  // columns count from 1

constexpr auto kMaxTags = std::size_t{32};  // of one value
constexpr auto kMaxTag = std::size_t{200};

auto find_column(std::string_view name) -> std::optional<std::size_t> {
  auto const found = std::ranges::find(kRoles, name);
  if (found == kRoles.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kRoles.begin());
}

auto parse_column(std::string_view text) -> std::size_t {
  auto number = std::size_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number <= codec::csv::kMaxFields ? number : kNone;
}

class Csv final : public LineFeed {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "comma-separated values; --columns says which column is what, by number or by the header's names";
  }

  /// A line with commas may be anything; the column map tells.
  [[nodiscard]] auto recognises(FeedSample const &) const -> bool override { return false; }

  auto set_columns(std::string_view columns) -> Result<void> override {
    auto rest = columns;
    while (!rest.empty()) {
      auto const part = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      auto const sign = part.find('=');
      auto const column = find_column(trimmed(part.substr(0, sign)));
      if (!column || sign == std::string_view::npos)
        return fail(ErrorCode::malformed, "{} in --columns: write NAME=COLUMN with a name of {}", model::quoted(part),
                    fmt::join(kRoles, ", "));
      wanted_[*column] = std::string{trimmed(part.substr(sign + 1))};
      if (wanted_[*column].empty()) return fail(ErrorCode::malformed, "{} in --columns names no column", part);
    }
    if (wanted_[0].empty()) return fail(ErrorCode::malformed, "--columns must say where the value is: value=1");
    auto const given = [](auto const &name) { return !name.empty(); };
    by_name_ = !std::ranges::all_of(wanted_, [&](auto const &name) { return !given(name) || parse_column(name) > 0; });
    if (!by_name_) std::ranges::transform(wanted_, places_.begin(), parse_column);
    return ok;
  }

  void begin_file(std::string_view file, FeedSink &to) override {
    LineFeed::begin_file(file, to);
    is_first_ = true;
    has_header_ = false;
  }

protected:
  void read_line(std::string_view line, FeedSink &to) override {
    // abuse.ch and others write the header as a comment.
    auto const is_comment = line.front() == '#';
    if (is_comment && !(by_name_ && !has_header_)) return to.comment();
    auto text = line;
    if (is_comment)
      text = trimmed(text.substr(text.find_first_not_of('#') == std::string_view::npos ? text.size()
                                                                                       : text.find_first_not_of('#')));
    if (auto split = codec::csv::split(text, fields_, scratch_); !split) {
      if (is_comment) return to.comment();
      return to.refuse("not CSV", line, split.error().sentence);
    }
    for (auto &field : fields_) field = unquoted(field);
    if (by_name_ && !has_header_) return read_header(line, is_comment, to);
    if (std::exchange(is_first_, false) && looks_like_header()) return to.comment();
    read_record(line, to);
  }

private:
  /// `"a", "b"`: many write a blank behind the comma, so that the quotes are the field's.
  static auto unquoted(std::string_view field) -> std::string_view {
    field = trimmed(field);
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
    return field;
  }

  [[nodiscard]] auto field(Role role) const -> std::string_view {
    auto const place = places_[static_cast<std::size_t>(role)];
    return place == kNone || place > fields_.size() ? std::string_view{} : fields_[place - 1];
  }

  void read_header(std::string_view line, bool is_comment, FeedSink &to) {
    auto places = std::array<std::size_t, kRoles.size()>{};
    for (auto i = std::size_t{0}; i < kRoles.size(); ++i) {
      if (wanted_[i].empty()) continue;
      auto const found = std::ranges::find(fields_, std::string_view{wanted_[i]});
      places[i] =
          found != fields_.end() ? static_cast<std::size_t>(found - fields_.begin()) + 1 : parse_column(wanted_[i]);
      if (places[i] != kNone) continue;
      if (is_comment) return to.comment();
      return to.refuse("before the header", line, fmt::format("there is no column \"{}\" in it", wanted_[i]));
    }
    places_ = places;
    has_header_ = true;
    is_first_ = false;
    to.comment();
  }

  /// Where columns are given by number, a first line whose value is none is the header.
  [[nodiscard]] auto looks_like_header() const -> bool {
    auto const value = field(Role::value);
    return !value.empty() && !model::parse_value(value) &&
           std::ranges::all_of(value, [](char c) { return model::is_letter(c) || c == '_' || c == ' ' || c == '-'; });
  }

  void read_record(std::string_view line, FeedSink &to) {
    auto value = FeedValue{.text = field(Role::value)};
    if (value.text.empty()) return to.refuse("no value in its column", line);
    auto const [name, scope] = wildcard(value.text);
    value.text = name;
    value.scope = scope;
    if (auto read = read_details(value, to); !read)
      return to.refuse("a column that cannot be read", line, read.error().sentence);
    to.value(value);
  }

  auto read_details(FeedValue &value, FeedSink &to) -> Result<void> {
    if (auto const type = field(Role::type); !type.empty()) {
      TRY(value.type, model::parse_value_type(model::lower(type)));
    }
    for (auto const &[role, time] :
         {std::pair{Role::first_seen, &value.first}, {Role::last_seen, &value.last}, {Role::expires, &value.expiry}}) {
      auto const text = field(role);
      if (text.empty() || text == "None" || text == "null") continue;
      TRY(*time, parse_feed_time(text));
    }
    TRY(auto const facts, facts_of_line());
    if (!facts) return ok;
    value.facts = to.facts(*facts);
    return ok;
  }

  auto facts_of_line() const -> Result<std::optional<FeedFacts>> {
    auto facts = FeedFacts{};
    facts.report = std::string{field(Role::reference)};
    if (auto const role = field(Role::role); !role.empty()) {
      TRY(facts.role, model::parse_role(model::lower(role)));
    }
    if (auto const tlp = field(Role::tlp); !tlp.empty()) {
      TRY(facts.tlp, model::parse_tlp(tlp));
    }
    if (auto const text = field(Role::confidence); !text.empty()) {
      auto number = 0U;
      auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc{} || end != text.data() + text.size() || number > 100)
        return fail(ErrorCode::malformed, "{} is not a confidence; write 0 to 100", model::quoted(text));
      facts.confidence = static_cast<std::uint8_t>(number);
    }
    for (auto rest = field(Role::tags); !rest.empty() && facts.tags.size() < kMaxTags;) {
      auto const end = rest.find_first_of(",;|");
      if (auto const tag = trimmed(rest.substr(0, end)); !tag.empty() && tag.size() <= kMaxTag && tag != "None")
        facts.tags.emplace_back(tag);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    auto const says_nothing =
        facts.report.empty() && !facts.role && !facts.tlp && !facts.confidence && facts.tags.empty();
    if (says_nothing) return std::optional<FeedFacts>{};
    return std::optional{std::move(facts)};
  }

  std::array<std::string, kRoles.size()> wanted_;
  std::array<std::size_t, kRoles.size()> places_{};
  bool by_name_ = false, has_header_ = false, is_first_ = true;
  std::vector<std::string_view> fields_;
  std::string scratch_;
};

Registered<FeedFormat, Csv> const csv{"csv"};

}  // namespace
}  // namespace noroshi::understand::feeds
