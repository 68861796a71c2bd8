#include "bench/ssh/exchanges.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <random>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "bench/loopback.hpp"
#include "codec/ssh/kex.hpp"
#include "codec/ssh/sntrup761.hpp"
#include "codec/ssh/wire.hpp"

namespace noroshi::bench {
namespace {

namespace ssh = codec::ssh;

struct FreeKey {
  void operator()(EVP_PKEY *key) const { ::EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX *context) const { ::EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX *context) const { ::EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Context = std::unique_ptr<EVP_PKEY_CTX, FreeKey>;

/// One exchange: its name, and OpenSSL's for what it computes.
struct Exchange {
  char const *name;
  char const *type;
  char const *group;  // nullptr: the type says it
  bool hybrid;        // sntrup761 goes with it, which OpenSSL 3.0 lacks: its encapsulation counts as bare
};

constexpr auto kExchanges = std::to_array<Exchange>({
    {"curve25519-sha256", "X25519", nullptr, false},
    {"ecdh-sha2-nistp256", "EC", "P-256", false},
    {"ecdh-sha2-nistp384", "EC", "P-384", false},
    {"ecdh-sha2-nistp521", "EC", "P-521", false},
    {"diffie-hellman-group14-sha256", "DH", "modp_2048", false},
    {"diffie-hellman-group16-sha512", "DH", "modp_4096", false},
    {"sntrup761x25519-sha512@openssh.com", "X25519", nullptr, true},
});

/// The exponent of dh_answer(): 512 bits.
constexpr auto kExponentBits = 512;

auto generate(Exchange const &exchange) -> Key {
  auto const context = Context{::EVP_PKEY_CTX_new_from_name(nullptr, exchange.type, nullptr)};
  ::EVP_PKEY_keygen_init(context.get());
  auto bits = kExponentBits;
  auto group = std::string{exchange.group == nullptr ? "" : exchange.group};
  auto parameters =
      std::array<OSSL_PARAM, 3>{OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
  if (!group.empty()) parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0);
  if (exchange.type == std::string_view{"DH"})
    parameters[1] = OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_DH_PRIV_LEN, &bits);
  if (!group.empty()) ::EVP_PKEY_CTX_set_params(context.get(), parameters.data());
  EVP_PKEY *made = nullptr;
  if (::EVP_PKEY_generate(context.get(), &made) != 1) fail("OpenSSL makes no key");
  return Key{made};
}

auto public_of(EVP_PKEY *key) -> std::string {
  unsigned char *bytes = nullptr;
  auto const size = ::EVP_PKEY_get1_encoded_public_key(key, &bytes);
  auto text = std::string(reinterpret_cast<char const *>(bytes), size);
  OPENSSL_free(bytes);
  return text;
}

void random_bytes(std::span<char> to) {
  ::RAND_bytes(reinterpret_cast<unsigned char *>(to.data()), static_cast<int>(to.size()));
}

/// keygen, derive, sign: nothing else.
void run_bare(Exchange const &exchange, EVP_PKEY *theirs, EVP_PKEY *host, std::string const &hybrid_key) {
  auto const own = generate(exchange);
  auto const context = Context{::EVP_PKEY_CTX_new(own.get(), nullptr)};
  auto secret = std::array<unsigned char, 512>{};
  auto size = secret.size();
  auto signature = std::array<unsigned char, 64>{};
  auto signature_size = signature.size();
  auto const signing = std::unique_ptr<EVP_MD_CTX, FreeKey>{::EVP_MD_CTX_new()};
  if (::EVP_PKEY_derive_init(context.get()) != 1 || ::EVP_PKEY_derive_set_peer(context.get(), theirs) != 1 ||
      ::EVP_PKEY_derive(context.get(), secret.data(), &size) != 1 ||
      ::EVP_DigestSignInit(signing.get(), nullptr, nullptr, nullptr, host) != 1 ||
      ::EVP_DigestSign(signing.get(), signature.data(), &signature_size, secret.data(), 32) != 1)
    fail("OpenSSL agrees on nothing");
  if (exchange.hybrid && !ssh::sntrup_encapsulate(hybrid_key, &random_bytes)) fail("no key of sntrup761");
}

auto microseconds_each(int times, std::function<void()> const &run) -> double {
  auto const from = std::chrono::steady_clock::now();
  for (auto i = 0; i < times; ++i) run();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - from).count() / times;
}

void compare(Exchange const &exchange, int rounds, int times) {
  auto const host = ssh::HostKey::generate("ed25519");
  auto const bare_host = Key{::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
  auto const theirs = generate(exchange);
  auto hybrid_key = std::string(ssh::kSntrupPublicKeyBytes, '\0');
  random_bytes(hybrid_key);
  auto message = ssh::begin_message(ssh::Message::kex_first);
  auto const point = (exchange.hybrid ? hybrid_key : std::string{}) + public_of(theirs.get());
  if (exchange.type == std::string_view{"DH"})
    ssh::append_mpint(message, point);
  else
    ssh::append_string(message, point);
  auto const opening =
      ssh::ExchangeOpening{"SSH-2.0-client", "SSH-2.0-server", std::string(1'500, 'c'), std::string(1'000, 's')};
  auto const random = ssh::Random{&random_bytes};
  auto const no_groups = ssh::ChooseGroup{};
  auto const run_ours = [&] {
    auto made = ssh::make_key_exchange(exchange.name, {opening, *host, "ssh-ed25519", random, no_groups});
    if (!made || !(*made)->receive(message)) fail("our server agrees on nothing");
  };
  auto const bare = [&] { run_bare(exchange, theirs.get(), bare_host.get(), hybrid_key); };
  auto ours_each = std::vector<double>{};
  auto bare_each = std::vector<double>{};
  auto ratios = std::vector<double>{};
  for (auto round = 0; round < rounds; ++round) {
    bare_each.push_back(microseconds_each(times, bare));
    ours_each.push_back(microseconds_each(times, run_ours));
    ratios.push_back(ours_each.back() / bare_each.back());
  }
  fmt::print("  {:<36} {:8.1f} us, bare {:8.1f} us, ratio {:.2f}\n", exchange.name, median(ours_each),
             median(bare_each), median(ratios));
}

}  // namespace

void compare_exchanges(int rounds, int times) {
  for (auto const &exchange : kExchanges) compare(exchange, rounds, times);
}

}  // namespace noroshi::bench
