// What lists need of the node's services.
#pragma once

#include "serve/endpoint.hpp"
#include "share/lists.hpp"
#include "understand/never_list.hpp"

namespace noroshi::serve {

/// `services` must outlive the rules.
inline auto rules_of(Services const &services) -> share::ListRules {
  auto never = share::Never{};
  if (services.never != nullptr)
    never = [list = services.never](model::Value const &value) { return list->reason_against(value).has_value(); };
  return share::list_rules(services.config, std::move(never), services.list_key);
}

}  // namespace noroshi::serve
