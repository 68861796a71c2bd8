#include "understand/where.hpp"

#include <algorithm>
#include <filesystem>

#include "base/log.hpp"
#include "base/text.hpp"
#include "understand/where/list_store.hpp"
#include "understand/where/name_index.hpp"
#include "understand/where/where_parts.hpp"

namespace noroshi::understand {

namespace {

ConfigKey<std::string> const country_file{
    "where.country_file", "", "file",
    "country of addresses: a MaxMind DB file (ip-location-db, GeoLite2, IPinfo); empty: what set-up fetched"};
ConfigKey<std::string> const asn_file{
    "where.asn_file", "", "file",
    "network of addresses: a MaxMind DB file or what `noroshi geo convert` made; empty: what set-up fetched"};
ConfigKey<std::vector<std::string>> const lists{
    "where.lists", "", "FLAG=FILE or URL",
    "lists that flag addresses and names (proxy, vpn, cloud, cdn, tor, hosting, relay, carrier_nat, scanner, sinkhole, "
    "parking, dynamic_dns): MISP warninglists or plain text, as in "
    "tor=https://check.torproject.org/torbulkexitlist"};
ConfigKey<bool> const shipped_lists{"where.shipped_lists", "true", "",
                                    "use the lists that Noroshi ships (cloud, vpn, cdn, relay, dynamic DNS…)"};

// Lists that the product ships: some dozens. A folder with more is not ours.
constexpr auto kMaxShipped = std::size_t{500};

auto parse_named(std::string const &text, std::string const &data) -> Result<NamedList> {
  auto const equals = text.find('=');
  auto const kind = model::parse_flag_kind(text.substr(0, equals));
  if (equals == std::string::npos || !kind)
    return fail(ErrorCode::malformed, "where.lists: \"{}\" is not FLAG=FILE or FLAG=URL; {}", printable(text),
                kind ? "name a file" : kind.error().sentence);
  auto list = NamedList{*kind, text.substr(equals + 1), {}, false};
  list.is_url = list.place.starts_with("http://") || list.place.starts_with("https://");
  list.file = list.is_url ? ListStore{data}.file_of(list.place) : list.place;
  return list;
}

auto shipped_files(std::string const &folder) -> std::vector<std::string> {
  auto files = std::vector<std::string>{};
  auto problem = std::error_code{};
  if (folder.empty()) return files;
  for (auto const &entry : std::filesystem::directory_iterator{folder, problem})
    if (entry.path().extension() == ".list" && files.size() < kMaxShipped) files.push_back(entry.path().string());
  std::ranges::sort(files);
  return files;
}

/// "https://host/a/list.txt?x" → "host/a/list.txt"; a file → its name.
auto name_of(std::string_view place, bool is_url) -> std::string {
  if (!is_url) return printable(std::filesystem::path{place}.stem().string());
  place.remove_prefix(place.find("://") + 3);
  return printable(place.substr(0, place.find_first_of("?#")));
}

}  // namespace

/// One file to read: of countries or networks (`what` "country", "asn"), or a list.
struct Where::File {
  std::string what;   // empty for a shipped list, which names its flag itself
  std::string path;   // what is read
  std::string place;  // what is shown
  bool is_url = false;
  bool must_be_there = true;
};

struct Where::Snapshot {
  struct Slot {
    File file;
    FileMark mark;
    std::shared_ptr<PlaceFile const> places;       // shared with the next snapshot where the file stays as it is
    std::shared_ptr<codec::ValueList const> list;  // likewise
    model::Flag flag;
    std::string problem;
  };
  std::vector<Slot> slots;
  codec::RangeIndex index;         // of positions in `flags`
  NameIndex names;                 // likewise; its texts are the slots' lists'
  std::vector<model::Flag> flags;  // by kind, then name
  PlaceFile const *country = nullptr, *asn = nullptr;

  [[nodiscard]] auto flags_of(model::IpAddress address) const -> std::vector<model::Flag> {
    auto found = std::vector<model::Flag>{};
    for (auto const number : index.find(address)) {
      if (found.size() == model::kMaxFlags) break;
      found.push_back(flags[number]);
    }
    return found;
  }
  [[nodiscard]] auto slot(std::string const &path) const -> Slot const * {
    auto const found = std::ranges::find(slots, path, [](Slot const &slot) -> auto const & { return slot.file.path; });
    return found == slots.end() ? nullptr : &*found;
  }
  void read_list(Slot &slot) const;
  void build();
};

void Where::Snapshot::read_list(Slot &slot) const {
  auto const bytes = read_file(slot.file.path, codec::kMaxListBytes);
  auto list = bytes ? codec::parse_value_list(*bytes) : Result<codec::ValueList>{bytes.error()};
  if (!list) {
    slot.problem = list.error().sentence;
    return;
  }
  auto const kind = model::parse_flag_kind(slot.file.what.empty() ? list->flag : slot.file.what);
  if (!kind) {
    slot.problem = "it does not say what its entries are: it needs a line \"# flag: vpn\" or another flag";
    return;
  }
  std::erase_if(list->values, [](auto const &value) { return value.type != model::ValueType::domain; });
  if (list->ranges.empty() && list->values.empty()) {
    slot.problem = "it holds no address and no name";
    return;
  }
  slot.flag = {*kind, list->name.empty() ? name_of(slot.file.place, slot.file.is_url) : list->name,
               list->date.empty() ? slot.mark.date() : list->date};
  slot.problem = list->refused == 0 ? std::string{}
                                    : fmt::format("{} entries are no addresses or names, the first is {}",
                                                  list->refused, list->first_refused);
  slot.list = std::make_shared<codec::ValueList const>(*std::move(list));
}

void Where::Snapshot::build() {
  auto order = std::vector<Slot const *>{};
  for (auto const &slot : slots) {
    if (slot.list) order.push_back(&slot);
    if (slot.places && slot.file.what == "country") country = slot.places.get();
    if (slot.places && slot.file.what == "asn") asn = slot.places.get();
  }
  std::ranges::sort(order, {}, [](Slot const *slot) { return std::tuple{slot->flag.kind, slot->flag.source, slot}; });
  auto ranges = std::vector<std::pair<codec::AddressRange, std::uint32_t>>{};
  auto listed_names = std::vector<NameIndex::Entry>{};
  for (auto const *const slot : order) {
    auto const number = static_cast<std::uint32_t>(flags.size());
    for (auto const &range : slot->list->ranges) ranges.emplace_back(range, number);
    for (auto const &value : slot->list->values) listed_names.emplace_back(value.text, number);
    flags.push_back(slot->flag);
  }
  index = codec::RangeIndex::build(ranges);
  names = NameIndex{std::move(listed_names)};
}

Where::Where(WhereOptions options, std::vector<NamedList> named, std::string country, std::string asn, bool shipped)
    : options_(std::move(options)),
      named_(std::move(named)),
      country_file_(std::move(country)),
      asn_file_(std::move(asn)),
      shipped_(shipped) {}
Where::~Where() = default;

auto Where::create(WhereOptions options, Config const &config) -> Result<std::unique_ptr<Where>> {
  auto named = std::vector<NamedList>{};
  for (auto const &text : config.get(lists)) {
    TRY(auto list, parse_named(text, options.data));
    named.push_back(std::move(list));
  }
  return std::unique_ptr<Where>{new Where{std::move(options), std::move(named), config.get(country_file),
                                          config.get(asn_file), config.get(shipped_lists)}};
}

auto Where::files() const -> std::vector<File> {
  auto files = std::vector<File>{};
  auto const add_place = [&](std::string const &what, std::string const &named, std::string_view fetched) {
    auto const path = named.empty() && !options_.geo.empty() ? fmt::format("{}/{}", options_.geo, fetched) : named;
    if (!path.empty()) files.push_back({what, path, path, false, !named.empty()});
  };
  add_place("country", country_file_, "country.mmdb");
  add_place("asn", asn_file_, "asn.ranges");
  if (shipped_)
    for (auto const &path : shipped_files(options_.lists)) files.push_back({{}, path, path});
  for (auto const &list : named_)
    files.push_back({std::string{to_string(list.kind)}, list.file, list.place, list.is_url, !list.is_url});
  return files;
}

/// Reads what is new or has changed since `before`, and takes over the rest.
auto Where::read(Snapshot const *before) const -> std::shared_ptr<Snapshot const> {
  auto next = std::make_shared<Snapshot>();
  for (auto const &file : files()) {
    auto slot = Snapshot::Slot{file, FileMark::of(file.path), nullptr, nullptr, {}, {}};
    auto const *const old = before == nullptr ? nullptr : before->slot(file.path);
    if (old != nullptr) {
      slot.places = old->places;
      slot.list = old->list;
      slot.flag = old->flag;
      slot.problem = old->problem;
    }
    if (old == nullptr || !(old->mark == slot.mark)) {
      slot.problem.clear();
      if (slot.mark == FileMark{} && !file.must_be_there) {
        slot.places = nullptr;
        slot.list = nullptr;
      } else if (file.what == "country" || file.what == "asn") {
        auto places = PlaceFile::open(file.path);
        if (places)
          slot.places = std::make_shared<PlaceFile const>(*std::move(places));
        else
          slot.problem = places.error().sentence;
      } else {
        next->read_list(slot);
      }
      if (!slot.problem.empty())
        log_warning("{}: {}{}", file.place, slot.problem,
                    slot.places || slot.list ? "" : "; the node goes on without it");
    }
    next->slots.push_back(std::move(slot));
  }
  next->build();
  return next;
}

auto Where::current() const -> std::shared_ptr<Snapshot const> {
  return snapshot_.current([this] { return read(nullptr); });
}

auto Where::reload_if_changed() -> bool {
  static_cast<void>(current());
  return snapshot_.renew([this](auto const &before) {
    auto const same = std::ranges::equal(files(), before->slots, [](File const &file, Snapshot::Slot const &slot) {
      return file.path == slot.file.path && FileMark::of(file.path) == slot.mark;
    });
    return same ? nullptr : read(before.get());
  });
}

auto Where::of(model::IpAddress address) const -> model::WhereFrom {
  auto const now = current();
  auto where = model::WhereFrom{};
  if (now->country != nullptr) where.country = now->country->find(address).country;
  if (now->asn != nullptr) {
    auto found = now->asn->find(address);
    where.asn = found.asn;
    where.network = std::move(found.network);
  }
  where.flags = now->flags_of(address);
  return where;
}

auto Where::of_name(std::string_view domain) const -> std::vector<model::Flag> {
  auto const now = current();
  auto flags = std::vector<model::Flag>{};
  for (auto const number : now->names.find(domain)) {
    if (flags.size() == model::kMaxFlags) break;
    flags.push_back(now->flags[number]);
  }
  return flags;
}

auto Where::flags_of(model::IpAddress address) const -> std::vector<model::Flag> {
  return current()->flags_of(address);
}

auto Where::sources() const -> std::vector<WhereSource> {
  auto const now = current();
  auto const lock = std::lock_guard{mutex_};
  auto sources = std::vector<WhereSource>{};
  auto const add = [&](std::string_view what, auto belongs) {
    auto const before = sources.size();
    for (auto const &slot : now->slots) {
      if (!belongs(slot)) continue;
      auto source = WhereSource{std::string{what}, {}, slot.file.place, {}, 0, slot.problem};
      if (slot.places) {
        source.name = slot.places->name;
        source.date = slot.places->date;
        source.entries = slot.places->entries;
      } else if (slot.list) {
        source.name = slot.flag.source;
        source.date = slot.flag.date;
        source.entries = slot.list->entries;
      }
      if (auto const found = fetch_problems_.find(slot.file.place); found != fetch_problems_.end())
        source.problem = found->second;
      if (!source.name.empty() || !source.problem.empty() || slot.file.must_be_there || slot.file.is_url)
        sources.push_back(std::move(source));
    }
    if (sources.size() == before) sources.push_back({std::string{what}, {}, {}, {}, 0, {}});
  };
  for (auto const *const what : {"country", "asn"})
    add(what, [&](Snapshot::Slot const &slot) { return slot.file.what == what; });
  for (auto kind = std::size_t{0}; kind < model::kFlagKinds; ++kind) {
    auto const word = to_string(static_cast<model::FlagKind>(kind));
    add(word, [&](Snapshot::Slot const &slot) {
      return slot.list ? to_string(slot.flag.kind) == word && !slot.places : slot.file.what == word;
    });
  }
  return sources;
}

void Where::note_fetch(std::string const &url, std::string problem) {
  auto const lock = std::lock_guard{mutex_};
  if (problem.empty())
    fetch_problems_.erase(url);
  else
    fetch_problems_[url] = std::move(problem);
}

}  // namespace noroshi::understand
