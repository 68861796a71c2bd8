// What STIX 2.1 objects may be shared with: TLP by the ids of marking definitions, those of the standards and a
// bundle's own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "model/context.hpp"

namespace noroshi::understand::feeds {

/// For one bundle. Whatever is in doubt is red.
class StixMarkings {
public:
  void reset() { own_.clear(); }
  /// Takes in an object of type marking-definition.
  void note(simdjson::dom::object const &definition);

  struct Answer {
    std::optional<model::Tlp> tlp;  // none where nothing is said of TLP: a copyright notice
    bool is_known = true;           // each of its marks is defined, so far
  };
  /// The strictest of an object's marks, those of parts of it too.
  [[nodiscard]] auto of(simdjson::dom::object const &object) const -> Answer;

private:
  void add(std::string_view id, Answer &answer) const;

  std::map<std::string, std::optional<model::Tlp>, std::less<>> own_;
};

}  // namespace noroshi::understand::feeds
