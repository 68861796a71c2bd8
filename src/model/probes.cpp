#include "model/probes.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string>

#include "model/domain_names.hpp"
#include "model/ip.hpp"

namespace noroshi::model {

namespace {

void add_ranges(std::vector<Probe> &to, IpAddress address, unsigned shorter_than, PrefixLengths lengths) {
  auto const in_use = address.is_v4() ? lengths.v4 : lengths.v6;
  auto descending = std::vector<unsigned>{in_use.begin(), in_use.end()};
  std::ranges::sort(descending, std::greater{});
  auto const repeated = std::ranges::unique(descending);
  descending.erase(repeated.begin(), repeated.end());
  for (auto const length : descending)
    if (length < shorter_than)
      to.push_back({MatchKind::range, {ValueType::cidr, IpPrefix::of(address, length).to_string()}});
}

/// A block of the whole length is an address, and canonical as one.
auto whole_length(IpAddress address) -> unsigned { return address.is_v4() ? 32 : 128; }

auto other_web_scheme(std::string_view scheme) -> std::string_view {
  return scheme == "http" ? "https" : scheme == "https" ? "http" : "";
}

/// The path without query, then its folders down to "/".
auto leading_paths(std::string_view path) -> std::vector<std::string_view> {
  auto folders = std::vector<std::string_view>{};
  for (auto slash = path.find('/'); slash != std::string_view::npos && folders.size() < kMaxUrlPrefixes;
       slash = path.find('/', slash + 1))
    folders.push_back(path.substr(0, slash + 1));
  std::ranges::reverse(folders);
  return folders;
}

void add_url_forms(std::vector<Probe> &to, std::string_view url) {
  auto const parts = split_url(url);
  auto const root = url.substr(0, static_cast<std::size_t>(parts.path.data() - url.data()));
  auto const behind_scheme = root.substr(parts.scheme.size());
  auto const without_query = std::string{root}.append(parts.path);
  if (without_query != url) to.push_back({MatchKind::url_no_query, {ValueType::url, without_query}});
  auto const other = other_web_scheme(parts.scheme);
  if (!other.empty() && !parts.path.ends_with('/'))
    to.push_back(
        {MatchKind::url_prefix, {ValueType::url, std::string{other}.append(behind_scheme).append(parts.path)}});
  for (auto const path : leading_paths(parts.path)) {
    auto const same = std::string{root}.append(path);
    if (same != without_query) to.push_back({MatchKind::url_prefix, {ValueType::url, same}});
    if (!other.empty())
      to.push_back({MatchKind::url_prefix, {ValueType::url, std::string{other}.append(behind_scheme).append(path)}});
  }
}

// Itself first.
constexpr auto kMd5Shaped = std::array{ValueType::md5, ValueType::imphash, ValueType::ja3, ValueType::hassh};
constexpr auto kAllTypes = [] {
  auto all = std::array<ValueType, 256>{};
  for (auto number = std::size_t{0}; number < all.size(); ++number) all[number] = static_cast<ValueType>(number);
  return all;
}();

}  // namespace

auto look_alikes(ValueType type) -> std::span<ValueType const> {
  if (type == ValueType::md5) return kMd5Shaped;
  return std::span{kAllTypes}.subspan(static_cast<std::size_t>(type), 1);
}

auto probes(Value const &value, PrefixLengths lengths) -> std::vector<Probe> {
  auto found = std::vector<Probe>{};
  for (auto const type : look_alikes(value.type)) found.push_back({MatchKind::exact, {type, value.text}});
  if (value.type == ValueType::ip) {
    if (auto const address = IpAddress::parse(value.text)) add_ranges(found, *address, whole_length(*address), lengths);
  } else if (value.type == ValueType::cidr) {
    if (auto const block = IpPrefix::parse(value.text)) add_ranges(found, block->address(), block->length(), lengths);
  } else if (value.type == ValueType::domain) {
    for (auto const name : parents(value.text))
      found.push_back({MatchKind::parent, {ValueType::domain, std::string{name}}});
  } else if (value.type == ValueType::url) {
    add_url_forms(found, value.text);
  }
  return found;
}

}  // namespace noroshi::model
