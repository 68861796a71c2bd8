// A way past the general reading of values for text that is canonical already: nine lines in ten of a list.
#pragma once

#include <optional>
#include <string_view>

#include "model/value.hpp"

namespace noroshi::understand {

struct QuickValue {
  model::ValueType type = model::ValueType::ip;
  std::string_view text;  // canonical: `text` as it came, or without the port behind an address
};

/// IPv4 addresses, hashes and plain ASCII domains that are canonical as they stand. What it gives is what
/// model::parse_value() gives, or model::canonical() of the type wanted; nothing where those have to look. Thread-safe.
auto quick_value(std::string_view text, std::optional<model::ValueType> wanted) -> std::optional<QuickValue>;

}  // namespace noroshi::understand
