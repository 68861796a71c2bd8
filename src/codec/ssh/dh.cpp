#include "codec/ssh/dh.hpp"

#include <array>
#include <memory>

#include <openssl/bn.h>

namespace noroshi::codec::ssh {
namespace {

struct Free {
  void operator()(BIGNUM *number) const { ::BN_clear_free(number); }
  void operator()(BN_CTX *context) const { ::BN_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, Free>;

// Twice what the strongest cipher of SSH wants of a secret: longer exponents cost time and hide nothing more.
constexpr auto kExponentBytes = std::size_t{64};

auto number_of(std::string_view bytes) -> Number {
  return Number{
      ::BN_bin2bn(reinterpret_cast<unsigned char const *>(bytes.data()), static_cast<int>(bytes.size()), nullptr)};
}

auto bytes_of(BIGNUM const *number) -> std::string {
  auto bytes = std::string(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  ::BN_bn2bin(number, reinterpret_cast<unsigned char *>(bytes.data()));
  return bytes;
}

auto is_plausible(BIGNUM const *value, BIGNUM const *prime, int least_bits) -> bool {
  auto const below = Number{::BN_dup(prime)};
  ::BN_sub_word(below.get(), 1);
  if (BN_is_negative(value) || ::BN_cmp(value, BN_value_one()) <= 0 || ::BN_cmp(value, below.get()) >= 0) return false;
  auto set = 0;
  for (auto bit = 0; bit <= ::BN_num_bits(value) && set < least_bits; ++bit) set += ::BN_is_bit_set(value, bit);
  return set >= least_bits;
}

auto made(BIGNUM *prime) -> DhGroup {
  auto const owned = Number{prime};
  return {bytes_of(prime), 2, static_cast<unsigned>(BN_num_bits(prime))};
}

}  // namespace

auto fixed_group(unsigned number) -> DhGroup const * {
  static auto const groups = std::array{
      std::pair{1U, made(::BN_get_rfc2409_prime_1024(nullptr))},
      std::pair{14U, made(::BN_get_rfc3526_prime_2048(nullptr))},
      std::pair{15U, made(::BN_get_rfc3526_prime_3072(nullptr))},
      std::pair{16U, made(::BN_get_rfc3526_prime_4096(nullptr))},
      std::pair{17U, made(::BN_get_rfc3526_prime_6144(nullptr))},
      std::pair{18U, made(::BN_get_rfc3526_prime_8192(nullptr))},
  };
  for (auto const &[name, group] : groups)
    if (name == number) return &group;
  return nullptr;
}

auto dh_answer(DhGroup const &group, std::string_view theirs, std::function<void(std::span<char>)> const &random,
               int least_bits) -> Result<DhAnswer> {
  auto const prime = number_of(group.prime);
  auto const value = number_of(theirs);
  auto const negative = !theirs.empty() && (theirs.front() & 0x80) != 0;
  if (negative || !is_plausible(value.get(), prime.get(), least_bits))
    return fail(ErrorCode::malformed, "the client's Diffie-Hellman value is none");
  auto bytes = std::array<char, kExponentBytes>{};
  random(bytes);
  auto const exponent = number_of({bytes.data(), bytes.size()});
  ::BN_set_flags(exponent.get(), BN_FLG_CONSTTIME);
  auto const generator = Number{::BN_new()};
  ::BN_set_word(generator.get(), group.generator);
  auto const context = std::unique_ptr<BN_CTX, Free>{::BN_CTX_new()};
  auto const own = Number{::BN_new()};
  auto const secret = Number{::BN_new()};
  if (::BN_mod_exp(own.get(), generator.get(), exponent.get(), prime.get(), context.get()) != 1 ||
      ::BN_mod_exp(secret.get(), value.get(), exponent.get(), prime.get(), context.get()) != 1)
    return fail(ErrorCode::internal, "OpenSSL cannot compute a power");
  return DhAnswer{bytes_of(own.get()), bytes_of(secret.get())};
}

}  // namespace noroshi::codec::ssh
