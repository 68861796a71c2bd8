#include "understand/never_list.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "model/domain_names.hpp"
#include "understand/detector.hpp"
#include "understand/where/where_parts.hpp"

namespace noroshi::understand {

namespace {

ConfigKey<std::vector<std::string>> const never_files{
    "never.files", "", "file",
    "lists of addresses, prefixes, names and hashes that are never to be blocked: MISP warninglists or plain text"};
ConfigKey<std::vector<std::string>> const never_values{
    "never.values", "", "value", "further values that are never to be blocked: one's own assets, partners"};
ConfigKey<bool> const shipped_never{
    "never.shipped_lists", "true", "",
    "never block what Noroshi's own lists name: public resolvers, top sites, update servers"};

constexpr auto kMaxShipped = std::size_t{100};

auto check_file(std::string const &path) -> Result<void> {
  auto const bytes = read_file(path, codec::kMaxListBytes);
  auto const list = bytes ? codec::parse_value_list(*bytes) : Result<codec::ValueList>{bytes.error()};
  if (list) return ok;
  return fail(ErrorCode::malformed,
              "{}: {}: {}. What it names would not be kept from blocks: mend it, or take it off that setting",
              never_files.name, path, list.error().sentence);
}

/// The names above a domain by label, the public suffix left out.
auto step_up(std::string_view domain) -> std::string_view {
  auto const dot = domain.find('.');
  return dot == std::string_view::npos ? std::string_view{} : domain.substr(dot + 1);
}

}  // namespace

struct NeverList::Own {
  codec::ValueList addresses, values;
  bool shipped = true;
};

struct NeverList::Snapshot {
  struct List {
    std::string path;  // empty: from the configuration
    FileMark mark;
    std::shared_ptr<codec::ValueList const> list;  // shared with the next snapshot where the file stays as it is
    std::string name, problem;
  };
  struct Place {
    std::uint32_t list = 0;
    std::string_view entry;  // points into the list
  };
  std::vector<List> lists;
  bool shipped_are_missing = false;
  codec::RangeIndex ranges;
  std::unordered_map<std::string_view, Place> names, above;  // no attacker chooses what is in them
  std::map<std::pair<model::ValueType, std::string_view>, std::uint32_t> others;

  void build();
  void build_names(std::uint32_t number, codec::ValueList const &list);
  [[nodiscard]] auto reason(Place const &place) const -> NeverReason {
    return {lists[place.list].name, std::string{place.entry}};
  }
  [[nodiscard]] auto against_range(codec::AddressRange const &range, std::string_view text) const
      -> std::optional<NeverReason>;
  [[nodiscard]] auto against_domain(std::string_view domain) const -> std::optional<NeverReason>;
};

void NeverList::Snapshot::build_names(std::uint32_t number, codec::ValueList const &list) {
  for (auto const &value : list.values) {
    if (value.type != model::ValueType::domain) {
      others.try_emplace({value.type, value.text}, number);
      continue;
    }
    names.try_emplace(value.text, Place{number, value.text});
    if (model::is_public_suffix(value.text)) continue;
    for (auto up = step_up(value.text); !up.empty() && !model::is_public_suffix(up); up = step_up(up))
      above.try_emplace(up, Place{number, value.text});
  }
}

void NeverList::Snapshot::build() {
  auto all = std::vector<std::pair<codec::AddressRange, std::uint32_t>>{};
  for (auto number = std::uint32_t{0}; number < lists.size(); ++number) {
    auto const &list = lists[number].list;
    if (!list) continue;
    for (auto const &range : list->ranges) all.emplace_back(range, number);
    build_names(number, *list);
  }
  ranges = codec::RangeIndex::build(all);
}

auto NeverList::Snapshot::against_range(codec::AddressRange const &range, std::string_view text) const
    -> std::optional<NeverReason> {
  auto const list = ranges.any_in(range);
  return list ? std::optional{NeverReason{lists[*list].name, std::string{text}}} : std::nullopt;
}

auto NeverList::Snapshot::against_domain(std::string_view domain) const -> std::optional<NeverReason> {
  // What stands at a public suffix or above has another owner; asked last, for few names are below one on a list.
  auto const is_below = [&](std::string_view listed) {
    for (auto name = domain; name.size() > listed.size();)
      if (name = step_up(name); model::is_public_suffix(name)) return false;
    return true;
  };
  for (auto name = domain; !name.empty(); name = step_up(name))
    if (auto const found = names.find(name); found != names.end()) {
      if (!is_below(name)) break;
      return reason(found->second);
    }
  if (auto const found = above.find(domain); found != above.end()) return reason(found->second);
  return std::nullopt;
}

NeverList::NeverList(std::string shipped, std::vector<std::string> files, std::unique_ptr<Own const> own)
    : shipped_(std::move(shipped)), named_files_(std::move(files)), own_(std::move(own)) {}
NeverList::~NeverList() = default;

auto NeverList::create(std::string shipped, Config const &config) -> Result<std::unique_ptr<NeverList>> {
  auto own = std::make_unique<Own>();
  own->shipped = config.get(shipped_never);
  auto const read = [](ConfigKeyBase const &key, std::vector<std::string> const &values,
                       codec::ValueList &to) -> Result<void> {
    for (auto const &value : values) {
      auto one = codec::parse_value_list(value);
      if (!one || one->entries != 1)
        return fail(ErrorCode::malformed, "{}: \"{}\" is no address, prefix, name, URL, e-mail address or hash",
                    key.name, printable(value));
      to.ranges.insert(to.ranges.end(), one->ranges.begin(), one->ranges.end());
      to.values.insert(to.values.end(), one->values.begin(), one->values.end());
      ++to.entries;
    }
    to.ranges = codec::merged(std::move(to.ranges));
    return ok;
  };
  TRY_VOID(read(kOwnAddresses, config.get(kOwnAddresses), own->addresses));
  TRY_VOID(read(never_values, config.get(never_values), own->values));
  for (auto const &path : config.get(never_files)) TRY_VOID(check_file(path));
  return std::unique_ptr<NeverList>{new NeverList{std::move(shipped), config.get(never_files), std::move(own)}};
}

/// What there is to read; and what there was, so that a file that goes away is told of and not forgotten.
auto NeverList::files(Snapshot const *before) const -> std::vector<std::string> {
  auto files = std::vector<std::string>{};
  auto problem = std::error_code{};
  if (own_->shipped && !shipped_.empty())
    for (auto const &entry : std::filesystem::directory_iterator{shipped_, problem})
      if (entry.path().extension() == ".list" && files.size() < kMaxShipped) files.push_back(entry.path().string());
  std::ranges::sort(files);
  files.insert(files.end(), named_files_.begin(), named_files_.end());
  if (before != nullptr)
    for (auto const &list : before->lists)
      if (!list.path.empty() && list.list && std::ranges::find(files, list.path) == files.end())
        files.push_back(list.path);
  return files;
}

auto NeverList::read(Snapshot const *before) const -> std::shared_ptr<Snapshot const> {
  auto next = std::make_shared<Snapshot>();
  auto const own = [](codec::ValueList const &list) { return std::make_shared<codec::ValueList const>(list); };
  next->lists.push_back({{}, {}, own(own_->addresses), "own addresses", {}});
  next->lists.push_back({{}, {}, own(own_->values), "never.values", {}});
  auto const paths = files(before);
  next->shipped_are_missing = own_->shipped && paths.size() == named_files_.size();
  if (next->shipped_are_missing)
    log_error(
        "never-list: none of the lists that Noroshi ships is in {}: public resolvers and top sites can be blocked",
        shipped_.empty() ? "packs/never" : shipped_);
  for (auto const &path : paths) {
    auto list = Snapshot::List{path, FileMark::of(path), nullptr, std::filesystem::path{path}.stem().string(), {}};
    auto const *old = static_cast<Snapshot::List const *>(nullptr);
    if (before != nullptr)
      if (auto const found = std::ranges::find(before->lists, path, &Snapshot::List::path);
          found != before->lists.end())
        old = &*found;
    if (old != nullptr && old->mark == list.mark) {
      next->lists.push_back(*old);
      continue;
    }
    auto const bytes = read_file(path, codec::kMaxListBytes);
    auto parsed = bytes ? codec::parse_value_list(*bytes) : Result<codec::ValueList>{bytes.error()};
    if (parsed) {
      if (!parsed->name.empty()) list.name = parsed->name;
      list.list = std::make_shared<codec::ValueList const>(*std::move(parsed));
    } else {
      list.problem = parsed.error().sentence;
      // Forgetting what must never be blocked would be the worse mistake.
      if (old != nullptr) std::tie(list.list, list.name) = std::tie(old->list, old->name);
      log_warning("never-list: {}: {}", path, list.problem);
    }
    next->lists.push_back(std::move(list));
  }
  next->build();
  return next;
}

auto NeverList::current() const -> std::shared_ptr<Snapshot const> {
  return snapshot_.current([this] { return read(nullptr); });
}

auto NeverList::reload_if_changed() -> bool {
  static_cast<void>(current());
  return snapshot_.renew([this](auto const &before) {
    auto const now = files(before.get());
    auto same = now.size() + 2 == before->lists.size();
    for (auto const &path : now) {
      auto const found = std::ranges::find(before->lists, path, &Snapshot::List::path);
      same = same && found != before->lists.end() && found->mark == FileMark::of(path);
    }
    return same ? nullptr : read(before.get());
  });
}

auto NeverList::reason_against(model::Value const &value) const -> std::optional<NeverReason> {
  auto const now = current();
  switch (value.type) {
    case model::ValueType::ip:
      if (auto const address = model::IpAddress::parse(value.text))
        return now->against_range({*address, *address}, value.text);
      return std::nullopt;
    case model::ValueType::cidr:
      if (auto const prefix = model::IpPrefix::parse(value.text))
        return now->against_range(codec::range_of(*prefix), value.text);
      return std::nullopt;
    case model::ValueType::domain: return now->against_domain(value.text);
    case model::ValueType::url: {
      auto const host = model::split_url(value.text).host;
      if (auto const address = model::address_of_host(host)) return now->against_range({*address, *address}, host);
      return now->against_domain(host);
    }
    default: {
      auto const found = now->others.find({value.type, value.text});
      if (found == now->others.end()) return std::nullopt;
      return NeverReason{now->lists[found->second].name, value.text};
    }
  }
}

auto NeverList::sources() const -> std::vector<WhereSource> {
  auto const now = current();
  auto sources = std::vector<WhereSource>{};
  for (auto const &list : now->lists) {
    auto const entries = list.list ? list.list->entries : 0;
    if (list.path.empty() && entries == 0) continue;
    auto const date = list.list && !list.list->date.empty() ? list.list->date : list.mark.date();
    sources.push_back({"never", list.name, list.path, date, entries, list.problem});
  }
  if (now->shipped_are_missing)
    sources.push_back({"never",
                       {},
                       shipped_.empty() ? "packs/never" : shipped_,
                       {},
                       0,
                       "the lists that Noroshi ships are not there: what they name can be blocked"});
  return sources;
}

}  // namespace noroshi::understand
