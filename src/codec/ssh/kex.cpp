#include "codec/ssh/kex.hpp"

#include <algorithm>
#include <array>

#include <openssl/evp.h>
#include <sodium.h>

#include "codec/ssh/dh.hpp"
#include "codec/ssh/sntrup761.hpp"

namespace noroshi::codec::ssh {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY *key) const { ::EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX *context) const { ::EVP_PKEY_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

auto bytes_of(std::string_view from) -> unsigned char const * {
  return reinterpret_cast<unsigned char const *>(from.data());
}

auto digest_of(EVP_MD const *digest, std::string_view bytes) -> std::string {
  auto result = std::string(EVP_MAX_MD_SIZE, '\0');
  auto size = unsigned{0};
  ::EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char *>(result.data()), &size, digest, nullptr);
  result.resize(size);
  return result;
}

auto invalid(std::string_view what) -> Error { return fail(ErrorCode::malformed, "{}", what); }

/// What all methods share: how the hash is taken, signed and sent.
class Method : public KeyExchange {
public:
  Method(ExchangeContext const &context, EVP_MD const *digest) : context_(context), digest_(digest) {}

  [[nodiscard]] auto derive(char letter, std::string_view session, std::size_t bytes) const -> std::string override {
    auto const before = agreement_.secret + agreement_.hash;
    auto key = digest_of(digest_, before + letter + std::string{session});
    while (key.size() < bytes) key += digest_of(digest_, before + key);
    key.resize(bytes);
    return key;
  }

protected:
  [[nodiscard]] auto context() const -> ExchangeContext const & { return context_; }

  /// `values`: what the method itself adds to the hash, as it adds it; `answer`: its public value, as it is sent.
  auto finish(Message message, std::string_view values, std::string_view answer, std::string secret)
      -> Result<ExchangeStep> {
    auto hashed = std::string{};
    auto const &opening = context_.opening;
    for (auto const *text : {&opening.client_version, &opening.server_version, &opening.client_kexinit,
                             &opening.server_kexinit, &context_.host_key.public_blob()})
      append_string(hashed, *text);
    hashed.append(values).append(secret);
    agreement_ = {std::move(secret), digest_of(digest_, hashed)};
    TRY(auto const signature, context_.host_key.sign(context_.host_algorithm, agreement_.hash));
    auto reply = begin_message(message);
    append_string(reply, context_.host_key.public_blob());
    reply.append(answer);
    append_string(reply, signature);
    return ExchangeStep{std::move(reply), true};
  }

private:
  ExchangeContext context_;
  EVP_MD const *digest_;
};

/// Our value of X25519 and the shared secret. libsodium's costs three quarters of OpenSSL's.
struct CurveAnswer {
  std::string value = std::string(crypto_scalarmult_BYTES, '\0');
  std::string secret = std::string(crypto_scalarmult_BYTES, '\0');
};
auto answer_25519(std::string_view point) -> Result<CurveAnswer> {
  static auto const started = ::sodium_init();  // picks what this processor does fastest
  auto own = std::array<unsigned char, crypto_scalarmult_SCALARBYTES>{};
  ::randombytes_buf(own.data(), own.size());
  auto answer = CurveAnswer{};
  if (started < 0 || point.size() != crypto_scalarmult_BYTES ||
      ::crypto_scalarmult_base(reinterpret_cast<unsigned char *>(answer.value.data()), own.data()) != 0 ||
      ::crypto_scalarmult(reinterpret_cast<unsigned char *>(answer.secret.data()), own.data(), bytes_of(point)) != 0)
    return invalid("the client's point is not on the curve");
  return answer;
}

auto public_of(EVP_PKEY *key) -> std::string {
  unsigned char *bytes = nullptr;
  auto const size = ::EVP_PKEY_get1_encoded_public_key(key, &bytes);
  auto text = std::string(reinterpret_cast<char const *>(bytes), size);
  OPENSSL_free(bytes);
  return text;
}

/// The secret of `own` and the other side's `point`; malformed where that is no point, or a bad one.
auto agree(EVP_PKEY *own, std::string_view point) -> Result<std::string> {
  auto const theirs = Key{::EVP_PKEY_new()};
  auto const context = std::unique_ptr<EVP_PKEY_CTX, FreeKey>{::EVP_PKEY_CTX_new(own, nullptr)};
  auto secret = std::string(80, '\0');  // the largest curve gives 66
  auto size = secret.size();
  if (::EVP_PKEY_copy_parameters(theirs.get(), own) != 1 ||
      ::EVP_PKEY_set1_encoded_public_key(theirs.get(), bytes_of(point), point.size()) != 1 ||
      ::EVP_PKEY_derive_init(context.get()) != 1 || ::EVP_PKEY_derive_set_peer(context.get(), theirs.get()) != 1 ||
      ::EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char *>(secret.data()), &size) != 1)
    return invalid("the client's point is not on the curve");
  secret.resize(size);
  return secret;
}

/// Takes the one string of SSH_MSG_KEX_ECDH_INIT.
auto read_point(std::string_view payload) -> Result<std::string_view> {
  auto from = ByteReader{payload};
  if (from.big<std::uint8_t>() != static_cast<std::uint8_t>(Message::kex_first))
    return invalid("this message is not that of the key exchange");
  auto const point = read_string(from);
  if (from.failed() || !from.rest().empty()) return invalid("the key exchange's message has another length");
  return point;
}

class Curve25519 final : public Method {
public:
  explicit Curve25519(ExchangeContext const &context) : Method(context, EVP_sha256()) {}
  auto receive(std::string_view payload) -> Result<ExchangeStep> override {
    TRY(auto const point, read_point(payload));
    TRY(auto const made, answer_25519(point));
    auto answer = std::string{};
    append_string(answer, made.value);
    auto values = std::string{};
    append_string(values, point);
    auto secret = std::string{};
    append_mpint(secret, made.secret);
    return finish(Message::kex_second, values + answer, answer, std::move(secret));
  }
};

class Elliptic final : public Method {
public:
  Elliptic(ExchangeContext const &context, EVP_MD const *digest, char const *curve)
      : Method(context, digest), curve_(curve) {}
  auto receive(std::string_view payload) -> Result<ExchangeStep> override {
    TRY(auto const point, read_point(payload));
    auto const own = Key{::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve_)};
    TRY(auto const shared, agree(own.get(), point));
    auto answer = std::string{};
    append_string(answer, public_of(own.get()));
    auto values = std::string{};
    append_string(values, point);
    auto secret = std::string{};
    append_mpint(secret, shared);
    return finish(Message::kex_second, values + answer, answer, std::move(secret));
  }

private:
  char const *curve_;
};

class Hybrid final : public Method {
public:
  explicit Hybrid(ExchangeContext const &context) : Method(context, EVP_sha512()) {}
  auto receive(std::string_view payload) -> Result<ExchangeStep> override {
    TRY(auto const asked, read_point(payload));
    if (asked.size() != kSntrupPublicKeyBytes + kCurveBytes) return invalid("the client's hybrid key has another size");
    TRY(auto const hidden, sntrup_encapsulate(asked.substr(0, kSntrupPublicKeyBytes), context().random));
    TRY(auto const made, answer_25519(asked.substr(kSntrupPublicKeyBytes)));
    auto answer = std::string{};
    append_string(answer, hidden.ciphertext + made.value);
    auto values = std::string{};
    append_string(values, asked);
    auto secret = std::string{};
    append_string(secret, digest_of(EVP_sha512(), hidden.secret + made.secret));
    return finish(Message::kex_second, values + answer, answer, std::move(secret));
  }

private:
  static constexpr auto kCurveBytes = std::size_t{32};
};

/// Diffie-Hellman with a group that both know.
class FixedGroup final : public Method {
public:
  FixedGroup(ExchangeContext const &context, EVP_MD const *digest, DhGroup const &group)
      : Method(context, digest), group_(group) {}
  auto receive(std::string_view payload) -> Result<ExchangeStep> override {
    TRY(auto const theirs, read_point(payload));
    TRY(auto const made, dh_answer(group_, theirs, context().random, context().least_dh_bits));
    auto answer = std::string{};
    append_mpint(answer, made.value);
    auto values = std::string{};
    append_mpint(values, theirs);
    auto secret = std::string{};
    append_mpint(secret, made.secret);
    return finish(Message::kex_second, values + answer, answer, std::move(secret));
  }

private:
  DhGroup const &group_;
};

/// The client says how large a group it wants, gets one, and goes on as with a fixed one.
class GroupExchange final : public Method {
public:
  GroupExchange(ExchangeContext const &context, EVP_MD const *digest) : Method(context, digest) {}
  auto receive(std::string_view payload) -> Result<ExchangeStep> override {
    auto from = ByteReader{payload};
    auto const number = static_cast<Message>(from.big<std::uint8_t>());
    if (number == Message::gex_request && group_ == nullptr) return offer(from);
    if (number == Message::gex_init && group_ != nullptr) return answer(from);
    return invalid("this message is not that of the group exchange");
  }

  [[nodiscard]] auto expects(Message number) const -> bool override {
    return number == (group_ == nullptr ? Message::gex_request : Message::gex_init);
  }

private:
  auto offer(ByteReader &from) -> Result<ExchangeStep> {
    wishes_ = from.rest();
    auto wish = GroupWish{};
    wish.least = from.big<std::uint32_t>();
    wish.wanted = from.big<std::uint32_t>();
    wish.most = from.big<std::uint32_t>();
    if (from.failed() || !from.rest().empty()) return invalid("the wish for a group has another length");
    group_ = context().choose_group(wish, context().random);
    if (group_ == nullptr) return invalid("there is no group of the size that the client wants");
    auto reply = begin_message(Message::kex_second);
    auto group = std::string{};
    append_mpint(group, group_->prime);
    append_mpint(group, std::string(1, static_cast<char>(group_->generator)));
    wishes_ += group;
    return ExchangeStep{reply + group, false};
  }
  auto answer(ByteReader &from) -> Result<ExchangeStep> {
    auto const theirs = read_string(from);
    if (from.failed() || !from.rest().empty()) return invalid("the key exchange's message has another length");
    TRY(auto const made, dh_answer(*group_, theirs, context().random, context().least_dh_bits));
    auto value = std::string{};
    append_mpint(value, made.value);
    auto values = wishes_;
    append_mpint(values, theirs);
    auto secret = std::string{};
    append_mpint(secret, made.secret);
    return finish(Message::gex_reply, values + value, value, std::move(secret));
  }
  DhGroup const *group_ = nullptr;
  std::string wishes_;  // what of the request and the offer is hashed
};

using Make = std::unique_ptr<KeyExchange> (*)(ExchangeContext const &);
template <auto kDigest, char const *kCurve>
auto make_elliptic(ExchangeContext const &context) -> std::unique_ptr<KeyExchange> {
  return std::make_unique<Elliptic>(context, kDigest(), kCurve);
}
auto make_curve25519(ExchangeContext const &context) -> std::unique_ptr<KeyExchange> {
  return std::make_unique<Curve25519>(context);
}
auto make_hybrid(ExchangeContext const &context) -> std::unique_ptr<KeyExchange> {
  return std::make_unique<Hybrid>(context);
}
template <auto kDigest, unsigned kGroup>
auto make_fixed(ExchangeContext const &context) -> std::unique_ptr<KeyExchange> {
  return std::make_unique<FixedGroup>(context, kDigest(), *fixed_group(kGroup));
}
template <auto kDigest>
auto make_group_exchange(ExchangeContext const &context) -> std::unique_ptr<KeyExchange> {
  return std::make_unique<GroupExchange>(context, kDigest());
}

constexpr char kP256[] = "P-256";
constexpr char kP384[] = "P-384";
constexpr char kP521[] = "P-521";
constexpr auto kMethods = std::to_array<std::pair<std::string_view, Make>>({
    {"sntrup761x25519-sha512", &make_hybrid},
    {"sntrup761x25519-sha512@openssh.com", &make_hybrid},
    {"curve25519-sha256", &make_curve25519},
    {"curve25519-sha256@libssh.org", &make_curve25519},
    {"ecdh-sha2-nistp256", &make_elliptic<&::EVP_sha256, kP256>},
    {"ecdh-sha2-nistp384", &make_elliptic<&::EVP_sha384, kP384>},
    {"ecdh-sha2-nistp521", &make_elliptic<&::EVP_sha512, kP521>},
    {"diffie-hellman-group-exchange-sha256", &make_group_exchange<&::EVP_sha256>},
    {"diffie-hellman-group-exchange-sha1", &make_group_exchange<&::EVP_sha1>},
    {"diffie-hellman-group16-sha512", &make_fixed<&::EVP_sha512, 16>},
    {"diffie-hellman-group18-sha512", &make_fixed<&::EVP_sha512, 18>},
    {"diffie-hellman-group14-sha256", &make_fixed<&::EVP_sha256, 14>},
    {"diffie-hellman-group14-sha1", &make_fixed<&::EVP_sha1, 14>},
    {"diffie-hellman-group1-sha1", &make_fixed<&::EVP_sha1, 1>},
});

}  // namespace

auto make_key_exchange(std::string_view name, ExchangeContext const &context) -> Result<std::unique_ptr<KeyExchange>> {
  auto const found = std::ranges::find(kMethods, name, &std::pair<std::string_view, Make>::first);
  if (found == kMethods.end()) return fail(ErrorCode::malformed, "{} is no key exchange that is known here", name);
  return found->second(context);
}

auto known_key_exchanges() -> std::vector<std::string_view> {
  auto names = std::vector<std::string_view>{};
  for (auto const &[name, make] : kMethods) names.push_back(name);
  return names;
}

}  // namespace noroshi::codec::ssh
