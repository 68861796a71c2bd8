#include "model/bech32.hpp"

#include <array>
#include <cstdint>

namespace noroshi::model {

namespace {

constexpr auto kAlphabet = std::string_view{"qpzry9x8gf2tvdw0s3jn54khce6mua7l"};
constexpr auto kPrefix = std::string_view{"bc1"};
constexpr auto kMaxAddress = std::size_t{90};
constexpr auto kChecksum = std::size_t{6};
constexpr auto kBech32 = std::uint32_t{1};
constexpr auto kBech32m = std::uint32_t{0x2bc830a3};

/// The code's remainder, one five-bit symbol at a time.
class Remainder {
public:
  void add(std::uint32_t symbol) {
    constexpr auto kGenerator =
        std::array<std::uint32_t, 5>{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    auto const top = value_ >> 25;
    value_ = (value_ & 0x1ffffff) << 5 ^ symbol;
    for (auto bit = 0U; bit < kGenerator.size(); ++bit)
      if ((top >> bit & 1) != 0) value_ ^= kGenerator[bit];
  }
  [[nodiscard]] auto value() const -> std::uint32_t { return value_; }

private:
  std::uint32_t value_ = 1;
};

/// Bytes of the program that so many symbols make; 0 where bits are left over that are not zero, or a whole symbol.
auto program_bytes(std::string_view symbols) -> std::size_t {
  auto const bits = symbols.size() * 5;
  auto const spare = bits % 8;
  auto const last = symbols.empty() ? 0 : kAlphabet.find(symbols.back());
  if (spare >= 5 || (last & ((1U << spare) - 1)) != 0) return 0;
  return bits / 8;
}

}  // namespace

auto is_segwit_address(std::string_view lowered) -> bool {
  if (!lowered.starts_with(kPrefix) || lowered.size() > kMaxAddress) return false;
  auto const data = lowered.substr(kPrefix.size());
  if (data.size() < 1 + kChecksum) return false;
  auto remainder = Remainder{};
  // The name "bc": the high bits of its letters, a zero, the low bits.
  for (auto const letter : {'b', 'c'}) remainder.add(static_cast<std::uint32_t>(letter) >> 5);
  remainder.add(0);
  for (auto const letter : {'b', 'c'}) remainder.add(static_cast<std::uint32_t>(letter) & 31);
  for (auto const character : data) {
    auto const symbol = kAlphabet.find(character);
    if (symbol == std::string_view::npos) return false;
    remainder.add(static_cast<std::uint32_t>(symbol));
  }
  auto const version = kAlphabet.find(data.front());
  auto const bytes = program_bytes(data.substr(1, data.size() - 1 - kChecksum));
  if (version > 16 || bytes < 2 || bytes > 40) return false;
  if (version == 0 && bytes != 20 && bytes != 32) return false;
  return remainder.value() == (version == 0 ? kBech32 : kBech32m);
}

}  // namespace noroshi::model
