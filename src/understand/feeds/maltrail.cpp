// Trails of the maltrail project, a folder of lists: what a list is for stands in its name, where its lines come from
// in comments between them. github.com/stamparm/maltrail, trails/static.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/characters.hpp"
#include "understand/feeds/lines.hpp"

namespace noroshi::understand::feeds {

namespace {

using model::Role;

// A report's title, in which all references of one block have to find room.
constexpr auto kMaxTitle = std::size_t{900};

struct ListKind {
  std::string_view tag;
  std::optional<Role> role;
  bool to_ids = false;
  std::optional<std::uint8_t> confidence;
};

constexpr auto kUnsure = std::uint8_t{25};  // services that bad things use, and good ones too

auto begins_with_any(std::string_view name, std::initializer_list<std::string_view> beginnings) -> bool {
  return std::ranges::any_of(beginnings, [&](auto beginning) { return name.starts_with(beginning); });
}

auto role_of_malicious(std::string_view name) -> std::optional<Role> {
  if (name.ends_with("_c2") || name == "c2_panel") return Role::c2;
  if (name.starts_with("ek_") || name.ends_with("_tds") || name == "socgholish") return Role::download;
  if (name == "bad_proxy") return Role::relay;
  if (begins_with_any(name, {"evilginx", "gophish", "perswaysion", "365stealer", "telekopye"})) return Role::phishing;
  return std::nullopt;
}

/// What the folder and the name of a list say of its values.
auto kind_of(std::string_view folder, std::string_view name) -> ListKind {
  if (name.starts_with("mass_scanner")) return {"maltrail", Role::scanner, false, std::nullopt};
  // Whoever talks to a sinkhole is infected; the sinkhole itself is run by defenders, and no role says that.
  if (name.starts_with("sinkhole_")) return {"malware", std::nullopt, false, std::nullopt};
  if (folder == "malicious") return {"malicious", role_of_malicious(name), true, std::nullopt};
  if (folder == "suspicious") return {"suspicious", std::nullopt, false, kUnsure};
  return {"malware", Role::c2, true, std::nullopt};
}

/// "apt_gamaredon-1.txt" is the second part of "apt_gamaredon.txt".
auto list_name(std::string_view file) -> std::string_view {
  auto name = file.substr(file.rfind('/') + 1);
  if (name.ends_with(".txt")) name.remove_suffix(4);
  auto const dash = name.rfind('-');
  auto const is_part = dash != std::string_view::npos && dash + 1 < name.size() &&
                       std::ranges::all_of(name.substr(dash + 1), model::is_digit);
  return is_part ? name.substr(0, dash) : name;
}

auto folder_name(std::string_view file) -> std::string_view {
  auto const slash = file.rfind('/');
  if (slash == std::string_view::npos) return {};
  auto const path = file.substr(0, slash);
  return path.substr(path.rfind('/') + 1);
}

/// The text behind "# Reference:"; the word is misspelt in many ways.
auto reference_of(std::string_view comment) -> std::string_view {
  auto const text = trimmed(comment.substr(std::min(comment.find_first_not_of("# \t"), comment.size())));
  auto const colon = text.find(':');
  constexpr auto kFarthest = std::size_t{3};  // "Refereence", "Referen", "ReferencE"
  if (colon == std::string_view::npos || !text.starts_with("Ref") ||
      edit_distance(text.substr(0, colon), "Reference") > kFarthest) {
    return text.starts_with("reference:") ? trimmed(text.substr(colon + 1)) : std::string_view{};
  }
  auto const said = trimmed(text.substr(colon + 1));
  return trimmed(said.substr(0, said.find(" (#")));  // "(# 2025-05-04)" is a note
}

/// What follows no longer comes from the reference above.
auto is_heading(std::string_view comment) -> bool {
  auto const text = comment.substr(std::min(comment.find_first_not_of("# \t"), comment.size()));
  return begins_with_any(text, {"Generic", "Misc", "User reported"});
}

/// Only regular expressions have these; an IPv6 address with a port has brackets in front.
auto is_pattern(std::string_view line) -> bool {
  return line.find_first_of("\\^$|{}()") != std::string_view::npos || (line.contains('[') && !line.starts_with('['));
}

/// "192.0.2.1:443" and "[2001:db8::1]:443": the digits behind the last colon; empty where there is no port.
auto port_of(std::string_view text) -> std::string_view {
  auto const colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  auto const before = text.substr(0, colon);
  if (before.contains(':') && !before.ends_with(']')) return {};
  auto const digits = text.substr(colon + 1);
  auto const is_port = !digits.empty() && digits.size() <= 5 && std::ranges::all_of(digits, model::is_digit);
  return is_port ? digits : std::string_view{};
}

class Maltrail final : public LineFeed {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "maltrail's trails, a folder or archive: malware families, references, ports";
  }

  [[nodiscard]] auto recognises(FeedSample const &sample) const -> bool override {
    return sample.file.ends_with(".txt") && sample.beginning.starts_with("# Copyright") &&
           sample.beginning.substr(0, sample.beginning.find('\n')).contains("altrail");
  }

  [[nodiscard]] auto wants(std::string_view file) const -> bool override {
    return file.ends_with(".txt") && FeedFormat::wants(file);
  }

  void begin_file(std::string_view file, FeedSink &to) override {
    LineFeed::begin_file(file, to);
    auto const name = list_name(file);
    auto const kind = kind_of(folder_name(file), name);
    facts_ = {};
    facts_.role = kind.role;
    facts_.to_ids = kind.to_ids;
    facts_.confidence = kind.confidence;
    facts_.tags = {fmt::format("{}:{}", kind.tag, name)};
    in_references_ = false;
    forget();
  }

protected:
  void read_line(std::string_view line, FeedSink &to) override {
    if (line.front() == '#') return read_comment(line, to);
    in_references_ = false;
    if (line.front() == '/') return to.leave_out("a URL's path without a host", line);
    // A '#' inside a URL is no comment: maltrail's own have a blank in front.
    auto const text = without_remark(line, "#");
    auto const is_url = text.contains("://") || text.contains('/');
    if (!is_url && is_pattern(text)) return to.leave_out("a regular expression", line);
    auto const [name, scope] = wildcard(text);
    if (!is_url && !name.contains('.') && !name.contains(':') && name.size() != text.size())
      return to.leave_out("a whole top-level domain", line);
    to.value({.text = name, .scope = model::Scope::subtree, .facts = facts_for(is_url ? "" : port_of(name), to)});
  }

private:
  void read_comment(std::string_view line, FeedSink &to) {
    to.comment();
    auto const reference = reference_of(line);
    if (reference.empty()) {
      if (!is_heading(line)) return;
      facts_.report.clear();
      in_references_ = false;
      return forget();
    }
    // References that stand together are all origins of the lines below them.
    if (!in_references_) facts_.report.clear();
    if (facts_.report.size() + reference.size() <= kMaxTitle)
      facts_.report += (facts_.report.empty() ? "" : ", ") + printable(reference);
    in_references_ = true;
    forget();
  }

  void forget() { ports_.clear(); }

  /// The number of this list's facts, with a port where there is one. A block of lines repeats few ports.
  auto facts_for(std::string_view port, FeedSink &to) -> FeedFactsId {
    for (auto const &[known, id] : ports_)
      if (known == port) return id;
    auto facts = facts_;
    if (!port.empty()) {
      facts.attribute = "ip-dst|port";
      facts.tags.push_back(fmt::format("port:{}", port));
    }
    auto const id = to.facts(facts);
    constexpr auto kRemembered = std::size_t{8};
    if (ports_.size() < kRemembered) ports_.emplace_back(std::string{port}, id);
    return id;
  }

  FeedFacts facts_;
  bool in_references_ = false;
  std::vector<std::pair<std::string, FeedFactsId>> ports_;
};

Registered<FeedFormat, Maltrail> const maltrail{"maltrail"};

}  // namespace
}  // namespace noroshi::understand::feeds
