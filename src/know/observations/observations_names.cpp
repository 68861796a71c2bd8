#include "know/observations/observations_names.hpp"

#include <algorithm>
#include <cstring>

namespace noroshi::know::observations {

using model::Field;
using model::Value;
using model::ValueType;

namespace {

/// "host:80" and "[::1]:80" without the port.
auto without_port(std::string_view host) -> std::string_view {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return std::ranges::count(host, ':') == 1 ? host.substr(0, host.find(':')) : host;
}

void add_host(std::string_view host, std::vector<Value> &to) {
  host = without_port(host);
  if (auto address = model::canonical(ValueType::ip, host))
    to.push_back(*std::move(address));
  else if (auto domain = model::canonical(ValueType::domain, host))
    to.push_back(*std::move(domain));
}

auto number_key(FilterKey const &key, char kind, std::uint64_t high, std::uint64_t low) -> std::uint64_t {
  auto bytes = std::array<char, 17>{kind};
  std::memcpy(bytes.data() + 1, &high, sizeof high);
  std::memcpy(bytes.data() + 9, &low, sizeof low);
  return key.hash({bytes.data(), bytes.size()});
}

}  // namespace

auto names_in(Field field, std::string_view raw) -> std::vector<Value> {
  auto names = std::vector<Value>{};
  if (field == Field::host || field == Field::sni) {
    add_host(raw, names);
  } else if (field == Field::sha256) {
    if (auto hash = model::canonical(ValueType::sha256, raw)) names.push_back(*std::move(hash));
  } else if (auto url = model::canonical(ValueType::url, raw)) {
    add_host(model::split_url(url->text).host, names);
    names.push_back(*std::move(url));
  }
  return names;
}

auto name_key(FilterKey const &key, Value const &value) -> std::uint64_t {
  auto text = std::string{"n"};
  text.push_back(static_cast<char>(value.type));
  return key.hash(text + value.text);
}

auto source_key(FilterKey const &key, model::IpAddress address) -> std::uint64_t {
  return number_key(key, 's', address.high(), address.low());
}

auto visit_key(FilterKey const &key, model::VisitId visit) -> std::uint64_t {
  return number_key(key, 'v', visit.high(), visit.low());
}

auto needle_of(Value const &value) -> std::string {
  auto name = std::string_view{value.text};
  if (value.type == ValueType::url) name = without_port(model::split_url(name).host);
  if (value.type == ValueType::sha256) return std::string{name};
  // The longest label: defanging ("example[.]com") leaves labels whole. Numeric addresses can be written in many ways.
  if (model::IpAddress::parse(name)) return {};
  auto longest = std::string_view{};
  while (!name.empty()) {
    auto const label = name.substr(0, name.find('.'));
    if (label.size() > longest.size()) longest = label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return longest.starts_with("xn--") ? std::string{} : std::string{longest};
}

}  // namespace noroshi::know::observations
