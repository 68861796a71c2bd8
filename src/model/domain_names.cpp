#include "model/domain_names.hpp"

#include <string>

#include <libpsl.h>

#include "model/characters.hpp"

namespace noroshi::model {

auto is_public_suffix(std::string_view domain) -> bool {
  // Without the "*" rule: else every unknown word would be one.
  return ::psl_is_public_suffix2(::psl_builtin(), std::string{domain}.c_str(), PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) ==
         1;
}

auto registrable_domain(std::string_view domain) -> std::string_view {
  auto const name = std::string{domain};
  auto const *const found = ::psl_registrable_domain(::psl_builtin(), name.c_str());
  if (found == nullptr) return {};
  return domain.substr(static_cast<std::size_t>(found - name.c_str()));
}

auto parents(std::string_view domain) -> std::vector<std::string_view> {
  auto above = std::vector<std::string_view>{};
  auto const registrable = registrable_domain(domain);
  if (registrable.empty()) return above;
  for (auto name = domain; name.size() > registrable.size();) {
    name.remove_prefix(name.find('.') + 1);
    above.push_back(name);
  }
  return above;
}

auto address_of_host(std::string_view host) -> std::optional<IpAddress> {
  // No top-level domain is a number; an IPv6 address has its colons.
  if (host.empty() || (!is_digit(host.back()) && !host.contains(':'))) return std::nullopt;
  auto const address = IpAddress::parse(host);
  return address ? std::optional{*address} : std::nullopt;
}

}  // namespace noroshi::model
