#include "model/value.hpp"

#include "model/words.hpp"

namespace noroshi::model {

namespace {
constexpr auto kTypes = std::array{
    Word{ValueType::ip, "ip"},     Word{ValueType::cidr, "cidr"},     Word{ValueType::domain, "domain"},
    Word{ValueType::url, "url"},   Word{ValueType::email, "email"},   Word{ValueType::md5, "md5"},
    Word{ValueType::sha1, "sha1"}, Word{ValueType::sha256, "sha256"}, Word{ValueType::sha512, "sha512"},
};
}  // namespace

auto to_string(ValueType type) -> std::string_view { return word_of(kTypes, type); }
auto parse_value_type(std::string_view text) -> Result<ValueType> {
  return parse_word(kTypes, text, "a type of value");
}

}  // namespace noroshi::model
