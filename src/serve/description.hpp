// What the OpenAPI document says of an endpoint. Schemas are named here and kept in packs/api/schemas.json.
#pragma once

#include <string_view>
#include <vector>

namespace noroshi::serve {

enum class In : std::uint8_t { query, path, header };

// Schemas of parameters, as JSON.
inline constexpr auto kText = std::string_view{R"({"type":"string"})"};
inline constexpr auto kTime = std::string_view{R"({"type":"string","format":"date-time"})"};
inline constexpr auto kCount = std::string_view{R"({"type":"integer","minimum":1})"};
inline constexpr auto kNumber = std::string_view{R"({"type":"integer","minimum":0})"};

struct Parameter {
  std::string_view name;
  In in = In::query;
  std::string_view schema = kText;  // JSON
  std::string_view about;
  bool required = false;  // those in a path always are
};

struct Description {
  std::string_view summary;  // one line, without a full stop
  std::vector<Parameter> parameters = {};
  std::string_view request = {};  // the name of its body's schema; empty: it takes none
  std::string_view request_type = "application/json";
  std::string_view answer = {};  // the name of the answer's schema; empty: text, or none
  std::string_view answer_type = "application/json";
  unsigned status = 200;  // of success
};

}  // namespace noroshi::serve
