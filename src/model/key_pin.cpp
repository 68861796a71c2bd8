#include "model/key_pin.hpp"

#include <cstring>

#include "base/bytes.hpp"

namespace noroshi::model {

auto KeyPin::to_string() const -> std::string { return to_hex(view()); }

auto KeyPin::parse(std::string_view hex) -> Result<KeyPin> {
  TRY(auto const bytes, from_hex(hex));
  return from_bytes(bytes);
}

auto KeyPin::from_bytes(std::string_view bytes) -> Result<KeyPin> {
  auto pin = KeyPin{};
  if (bytes.size() != pin.bytes.size())
    return fail(ErrorCode::malformed, "a key's pin has {} bytes, not {}", pin.bytes.size(), bytes.size());
  std::memcpy(pin.bytes.data(), bytes.data(), bytes.size());
  return pin;
}

}  // namespace noroshi::model
