#include "know/observations/observations_hunt.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.hpp"
#include "base/text.hpp"
#include "know/observations/observations_names.hpp"
#include "know/observations/observations_schema.hpp"
#include "know/observations/observations_session.hpp"
#include "know/observations/observations_sieve.hpp"

namespace noroshi::know::observations {

using model::Field;
using model::Value;
using model::ValueType;

namespace {

// Up to so many values are looked for by a piece of their text inside DuckDB; for more it is cheaper to read every
// different text of the day once and compare its canonical form here.
constexpr auto kMaxNeedles = std::size_t{32};
constexpr auto kMaxThreads = 4U;  // of one hunt: visitors and questions go on beside it
// Texts that mean a value are collected up to so many a day, some megabytes; past that every text is counted.
constexpr auto kMaxMeant = std::size_t{20'000};
constexpr auto kTextsAtOnce = std::size_t{500};  // of one statement
// Addresses of one statement: its text stays below a few megabytes.
constexpr auto kAddressesAtOnce = std::size_t{50'000};

/// One key to ask filters about, and the value that it stands for.
struct Probe {
  std::uint64_t key;
  std::uint32_t value;
  auto operator<=>(Probe const &) const = default;
};

/// In the order of keys, which is the order of a filter's lines: asking a file goes through it once.
auto probes_of(std::span<Value const> values, FilterKey const &key) -> std::vector<Probe> {
  auto probes = std::vector<Probe>{};
  probes.reserve(values.size() * 2);
  for (auto number = std::uint32_t{0}; number < values.size(); ++number) {
    auto const &value = values[number];
    if (value.type == ValueType::ip)
      if (auto const address = model::IpAddress::parse(value.text))
        probes.push_back({source_key(key, *address), number});
    if (value.type != ValueType::cidr) probes.push_back({name_key(key, value), number});
  }
  std::ranges::sort(probes);
  return probes;
}

/// Numbers of values by day, sorted: those that some filter of that day may contain, and all blocks.
using Candidates = std::map<Day, std::vector<std::uint32_t>>;

template <class Filter>
void ask(Filter const &filter, std::vector<Probe> const &probes, std::vector<std::uint32_t> &to) {
  for (auto const &probe : probes)
    if (filter.may_contain(probe.key)) to.push_back(probe.value);
}

auto candidates_of(Core &core, std::span<Value const> values) -> Candidates {
  auto const probes = probes_of(values, core.filter_key);
  auto candidates = Candidates{};
  auto closed = std::vector<std::shared_ptr<ClosedPart>>{};
  {
    auto const lock = std::scoped_lock{core.state_mutex};
    closed = core.state.closed;
    for (auto const &[day, open] : core.state.open)
      if (open.rows != 0) ask(open.filter, probes, candidates[day]);
  }
  for (auto const &part : closed) ask(*part->filter, probes, candidates[part->day]);
  for (auto &[day, numbers] : candidates) {
    for (auto number = std::uint32_t{0}; number < values.size(); ++number)
      if (values[number].type == ValueType::cidr) numbers.push_back(number);
    std::ranges::sort(numbers);
    numbers.erase(std::ranges::unique(numbers).begin(), numbers.end());
  }
  return candidates;
}

/// Sightings by value, merged over days and places. Thread-safe until it is finished.
class Collected {
public:
  explicit Collected(std::span<Value const> values) : values_(values) {}

  /// `row` from the column `at`: count, first and last time, the list of sensors as text.
  void add(std::uint32_t number, duck::Rows const &row, std::size_t at) {
    auto const lock = std::lock_guard{mutex_};
    auto const [place, is_new] = by_value_.try_emplace(number);
    auto &sighting = place->second;
    auto const first = from_micros(row.number<std::int64_t>(at + 1));
    auto const last = from_micros(row.number<std::int64_t>(at + 2));
    sighting.first_seen = is_new ? first : std::min(sighting.first_seen, first);
    sighting.last_seen = is_new ? last : std::max(sighting.last_seen, last);
    sighting.count += row.number<std::uint64_t>(at);
    for (auto text = row.text(at + 3); !text.empty();) {
      auto const part = text.substr(0, text.find(','));
      text.remove_prefix(std::min(text.size(), part.size() + 1));
      add_sensor(sighting.sensors, {std::strtoll(std::string{part}.c_str(), nullptr, 10)});
    }
  }

  auto finish() && -> std::vector<model::Sighting> {
    auto all = std::vector<model::Sighting>{};
    for (auto &[number, sighting] : by_value_) {
      sighting.value = values_[number];
      all.push_back(std::move(sighting));
    }
    return all;
  }

private:
  static void add_sensor(std::vector<model::SensorId> &to, model::SensorId sensor) {
    auto const place = std::ranges::lower_bound(to, sensor);
    if ((place == to.end() || *place != sensor) && to.size() < model::kMaxSightingSensors) to.insert(place, sensor);
  }
  std::mutex mutex_;
  std::span<Value const> values_;
  std::map<std::uint32_t, model::Sighting> by_value_;
};

constexpr auto kFacts = std::string_view{
    "count(*)::UBIGINT, min(\"time\"), max(\"time\"), array_to_string(list_slice(list_sort(list(DISTINCT sensor)), 1, "
    "16), ',')"};

/// One day's questions.
class DayHunt {
public:
  DayHunt(Session &session, Place const &place, std::span<Value const> values, Collected &to)
      : session_(session), place_(place), values_(values), to_(to) {}

  auto run(std::vector<std::uint32_t> const &numbers) -> Result<void> {
    auto named = std::vector<std::uint32_t>{};
    auto addresses = std::vector<std::uint32_t>{};
    for (auto const number : numbers) {
      auto const type = values_[number].type;
      if (type == ValueType::cidr) TRY_VOID(block(number));
      if (type == ValueType::ip) addresses.push_back(number);
      if (type != ValueType::cidr) named.push_back(number);
    }
    for (auto rest = std::span{addresses}; !rest.empty(); rest = rest.subspan(std::min(rest.size(), kAddressesAtOnce)))
      TRY_VOID(sources(rest.first(std::min(rest.size(), kAddressesAtOnce))));
    if (!named.empty())
      for (auto const field : kNamingFields) TRY_VOID(names(field, named));
    return ok;
  }

private:
  auto failed(duck::Rows const &rows) -> Result<void> {
    if (rows.error().empty()) return ok;
    return duck::duck_error("hunting in the past", std::string{rows.error()}.c_str());
  }

  auto block(std::uint32_t number) -> Result<void> {
    auto const prefix = model::IpPrefix::parse(values_[number].text);
    if (!prefix) return ok;
    auto const first = prefix->address();
    auto const bits = prefix->length() + (first.is_v4() ? 96U : 0U);
    auto const low_mask = bits >= 128 ? 0 : bits <= 64 ? ~std::uint64_t{0} : ~std::uint64_t{0} >> (bits - 64);
    auto const high_mask = bits >= 64 ? 0 : bits == 0 ? ~std::uint64_t{0} : ~std::uint64_t{0} >> bits;
    TRY(auto rows,
        session_.query(fmt::format(
            "SELECT {} FROM {} WHERE src_high BETWEEN {} AND {} AND src_low BETWEEN {} AND {} HAVING "
            "count(*) > 0",
            kFacts, place_.from, first.high(), first.high() | high_mask, first.low(), first.low() | low_mask)));
    while (rows.next()) to_.add(number, rows, 0);
    return failed(rows);
  }

  auto sources(std::span<std::uint32_t const> numbers) -> Result<void> {
    auto by_address = std::map<model::IpAddress, std::uint32_t>{};
    auto highs = std::string{};
    auto lows = std::string{};
    for (auto const number : numbers)
      if (auto const address = model::IpAddress::parse(values_[number].text)) by_address[*address] = number;
    auto last_high = std::optional<std::uint64_t>{};
    for (auto const &[address, number] : by_address) {
      if (last_high != address.high()) highs += fmt::format("{}{}", highs.empty() ? "" : ",", address.high());
      last_high = address.high();
      lows += fmt::format("{}{}", lows.empty() ? "" : ",", address.low());
    }
    // The halves apart: two lists of numbers are what row groups can be skipped by. The few wrong pairs fall out here.
    TRY(auto rows, session_.query(fmt::format("SELECT src_high, src_low, {} FROM {} WHERE src_high IN ({}) AND src_low "
                                              "IN ({}) GROUP BY src_high, src_low",
                                              kFacts, place_.from, highs, lows)));
    while (rows.next()) {
      auto const found = by_address.find({rows.number<std::uint64_t>(0), rows.number<std::uint64_t>(1)});
      if (found != by_address.end()) to_.add(found->second, rows, 2);
    }
    return failed(rows);
  }

  /// Texts are kept as visitors wrote them: those that could be meant are compared in canonical form.
  auto names(Field field, std::vector<std::uint32_t> const &numbers) -> Result<void> {
    auto wanted = std::map<Value, std::uint32_t>{};
    auto needles = std::vector<std::string>{};
    auto any = false;
    for (auto const number : numbers) {
      auto const &value = values_[number];
      if (!may_name(field, value.type)) continue;
      wanted[value] = number;
      needles.push_back(needle_of(value));
      any = any || needles.back().empty();
    }
    if (wanted.empty()) return ok;
    auto const column = model::info(field).name;
    auto where = fmt::format("\"{}\" IS NOT NULL", column);
    if (any || needles.size() > kMaxNeedles) {
      needles.clear();
    } else {
      where += fmt::format(
          " AND (contains(\"{0}\", '%') OR contains(\"{0}\", '\\') OR strlen(\"{0}\") <> length(\"{0}\")", column);
      for (auto i = std::size_t{0}; i < needles.size(); ++i)
        where += fmt::format(" OR contains(lower(\"{}\"), ?)", column);
      where += ")";
    }
    auto sieve = Sieve{};
    for (auto const &[value, number] : wanted) sieve.add(value);
    auto meant = std::vector<std::string>{};
    {
      TRY(auto rows, session_.query(fmt::format("SELECT DISTINCT \"{}\" FROM {} WHERE {}", column, place_.from, where),
                                    needles, duck::Fetch::streamed));
      while (meant.size() <= kMaxMeant && rows.next())
        if (auto const text = rows.text(0); means_any(field, text, sieve, wanted)) meant.emplace_back(text);
      TRY_VOID(failed(rows));
    }
    if (meant.size() > kMaxMeant) return count(column, where, needles, field, wanted);
    for (auto rest = std::span{meant}; !rest.empty(); rest = rest.subspan(std::min(rest.size(), kTextsAtOnce))) {
      auto const some = std::vector<std::string>(
          rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(std::min(rest.size(), kTextsAtOnce)));
      auto marks = std::string{"?"};
      for (auto i = std::size_t{1}; i < some.size(); ++i) marks += ",?";
      TRY_VOID(count(column, fmt::format("\"{}\" IN ({})", column, marks), some, field, wanted));
    }
    return ok;
  }

  using Wanted = std::map<Value, std::uint32_t>;

  static auto means_any(Field field, std::string_view text, Sieve const &sieve, Wanted const &wanted) -> bool {
    auto const raw = from_lossless_utf8(text);
    return sieve.may_mean(field, raw) &&
           std::ranges::any_of(names_in(field, raw), [&](Value const &name) { return wanted.contains(name); });
  }

  /// Facts of each different text of these rows, added to what the text means.
  auto count(std::string_view column, std::string_view where, std::vector<std::string> const &bound, Field field,
             Wanted const &wanted) -> Result<void> {
    TRY(auto rows, session_.query(fmt::format("SELECT \"{0}\", {1} FROM {2} WHERE {3} GROUP BY \"{0}\"", column, kFacts,
                                              place_.from, where),
                                  bound, duck::Fetch::streamed));
    while (rows.next())
      for (auto const &name : names_in(field, from_lossless_utf8(rows.text(0))))
        if (auto const found = wanted.find(name); found != wanted.end()) to_.add(found->second, rows, 1);
    return failed(rows);
  }

  static auto may_name(Field field, ValueType type) -> bool {
    switch (field) {
      case Field::host: return type == ValueType::ip || type == ValueType::domain;
      case Field::sni: return type == ValueType::domain;
      case Field::url: return type == ValueType::ip || type == ValueType::domain || type == ValueType::url;
      case Field::sha256: return type == ValueType::sha256;
      default: return false;
    }
  }

  Session &session_;
  Place const &place_;
  std::span<Value const> values_;
  Collected &to_;
};

/// In a snapshot of its own, with a deadline of its own: a day that was closed meanwhile is found where it is now.
auto hunt_day(Core &core, Day day, std::span<Value const> values, std::vector<std::uint32_t> const &numbers,
              Collected &to) -> Result<void> {
  TRY(auto session, Session::begin(core));
  for (auto const &place : session->places()) {
    if (place.day != day) continue;
    auto hunt = DayHunt{*session, place, values, to};
    TRY_VOID(hunt.run(numbers));
  }
  return ok;
}

}  // namespace

auto find_sightings(Core &core, std::span<Value const> values, std::function<bool()> const &go_on)
    -> Result<model::Sightings> {
  auto const candidates = candidates_of(core, values);
  auto all = model::Sightings{};
  auto found = Collected{values};
  auto mutex = std::mutex{};  // of `next`, `all` and `failure`
  auto next = candidates.begin();
  auto failure = std::optional<Error>{};
  auto const take_days = [&] {
    for (auto lock = std::unique_lock{mutex}; next != candidates.end() && !failure;) {
      auto const &[day, numbers] = *next++;
      ++all.days;
      all.candidates += numbers.size();
      if (numbers.empty()) continue;
      if (!go_on()) {
        failure = fail(ErrorCode::unavailable, "the hunt was ended before it was through all days");
        break;
      }
      lock.unlock();
      auto const done = hunt_day(core, day, values, numbers, found);
      lock.lock();
      if (done) continue;
      if (done.error().code != ErrorCode::timed_out) {
        failure = done.error();
        break;
      }
      ++all.unread;
      log_warning("a hunt could not read the observations of {} in time; its answers lack that day", to_string(day));
    }
  };
  {
    auto helpers = std::vector<std::jthread>{};
    auto const wanted = std::min<std::size_t>(std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads),
                                              std::max<std::size_t>(candidates.size(), 1));
    while (helpers.size() + 1 < wanted) helpers.emplace_back(take_days);
    take_days();
  }
  if (failure) return *std::move(failure);
  all.found = std::move(found).finish();
  return all;
}

}  // namespace noroshi::know::observations
