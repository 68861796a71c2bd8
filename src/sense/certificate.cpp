#include "sense/certificate.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/file.hpp"
#include "base/time.hpp"
#include "sense/openssl.hpp"
#include "sense/sha256.hpp"

namespace noroshi::sense {
namespace {

/// A key of 4,096 bits with a chain of ten certificates fits many times.
constexpr auto kMaxPem = std::uint64_t{256} << 10;
/// Certificates in use carry 64 to 160 bits.
constexpr auto kSerialBits = 127;
/// Of {unit}: enough that no two nodes share it.
constexpr auto kUnitDigits = std::size_t{6};
constexpr auto kMaxAgeDays = std::int64_t{3650};
constexpr auto kMaxDays = std::int64_t{20'000};

/// What the persona says about its certificate. `words` is all of it as one text: what a kept one was made for.
struct Form {
  std::vector<std::string> subject;
  std::vector<std::string> issuer;  // empty: the subject
  std::vector<std::string> alternative_names;
  std::string key;
  std::string not_before;
  std::int64_t age_days = 0;
  std::int64_t days = 0;
  std::string host;
  std::string unit;

  [[nodiscard]] auto words() const -> std::string {
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", fmt::join(subject, "\t"), fmt::join(issuer, "\t"),
                       fmt::join(alternative_names, "\t"), key, not_before, age_days, days, host, unit);
  }
};

auto in_range(Persona const &persona, std::string_view key, std::int64_t otherwise, std::int64_t most)
    -> Result<std::int64_t> {
  TRY(auto const number, persona.number(key, otherwise));
  if (number < 1 || number > most)
    return fail(ErrorCode::malformed, "persona {}: {} = {}; write a number from 1 to {}", persona.name(), key, number,
                most);
  return number;
}

auto read_form(Persona const &persona) -> Result<Form> {
  auto form = Form{};
  form.subject = persona.list("tls.subject");
  if (form.subject.empty()) form.subject = {"CN={host}"};
  form.issuer = persona.list("tls.issuer");
  form.alternative_names = persona.list("tls.alternative_names");
  form.key = persona.text("tls.key", "rsa2048");
  form.not_before = persona.text("tls.not_before", "");
  TRY(form.age_days, in_range(persona, "tls.age_days", 300, kMaxAgeDays));
  TRY(form.days, in_range(persona, "tls.days", 3650, kMaxDays));
  form.host = persona.text("host.name", "localhost");
  form.unit = persona.keyed_hex("unit", kUnitDigits);
  return form;
}

auto openssl_failure(std::string_view doing) -> Error {
  return fail(ErrorCode::internal, "{}: OpenSSL says: {}", doing, take_openssl_reason());
}

auto random_number(std::uint64_t below) -> Result<std::uint64_t> {
  auto number = std::uint64_t{};
  if (::RAND_bytes(reinterpret_cast<unsigned char *>(&number), sizeof number) != 1)
    return openssl_failure("drawing random bytes");
  return number % below;
}

auto make_key(std::string_view kind) -> Result<OpensslKey> {
  auto key = OpensslKey{kind == "rsa2048"   ? EVP_RSA_gen(2048U)
                        : kind == "rsa4096" ? EVP_RSA_gen(4096U)
                        : kind == "ec256"   ? EVP_EC_gen("P-256")
                        : kind == "ec384"   ? EVP_EC_gen("P-384")
                                            : nullptr};
  if (key == nullptr) return openssl_failure(fmt::format("making a key of kind {}", kind));
  return key;
}

/// Keys for processes that keep none (tests, fuzzers): one a kind, for an RSA key costs a tenth of a second.
auto passing_key(std::string const &kind) -> Result<OpensslKey> {
  static auto mutex = std::mutex{};
  static auto keys = std::map<std::string, OpensslKey>{};
  auto const lock = std::lock_guard{mutex};
  auto &key = keys[kind];
  if (key == nullptr) {
    TRY(key, make_key(kind));
  }
  ::EVP_PKEY_up_ref(key.get());
  return OpensslKey{key.get()};
}

void replace_all(std::string &text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// Fills the certificate of one form.
class Maker {
public:
  Maker(Persona const &persona, Form const &form) : persona_(persona), form_(form), made_(::X509_new()) {}

  auto make(EVP_PKEY *key) -> Result<OpensslCertificate> {
    if (made_ == nullptr) return openssl_failure("making a certificate");
    ::X509_set_version(made_.get(), X509_VERSION_3);
    ::X509_set_pubkey(made_.get(), key);
    TRY_VOID(set_serial());
    TRY_VOID(set_dates());
    TRY_VOID(set_name(::X509_get_subject_name(made_.get()), form_.subject, "tls.subject"));
    auto const &issuer = form_.issuer.empty() ? form_.subject : form_.issuer;
    TRY_VOID(set_name(::X509_get_issuer_name(made_.get()), issuer, "tls.issuer"));
    TRY_VOID(add_extensions());
    TRY_VOID(sign(key));
    return std::move(made_);
  }

private:
  auto set_serial() -> Result<void> {
    auto const number = std::unique_ptr<BIGNUM, OpensslDeleter<&::BN_free>>{::BN_new()};
    if (number == nullptr || ::BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
        ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(made_.get())) == nullptr)
      return openssl_failure("drawing a serial number");
    return ok;
  }

  auto set_dates() -> Result<void> {
    auto begin = std::chrono::floor<std::chrono::seconds>(system_clock().now());
    if (!form_.not_before.empty()) {
      auto const written = parse_rfc3339(form_.not_before + "T00:00:00Z");
      if (!written)
        return fail(ErrorCode::malformed, "persona {}: tls.not_before = \"{}\"; write a date like 2019-06-18",
                    persona_.name(), form_.not_before);
      begin = std::chrono::floor<std::chrono::seconds>(*written);
    } else {
      TRY(auto const age, random_number(static_cast<std::uint64_t>(form_.age_days) * 86'400));
      begin -= std::chrono::seconds{age};
    }
    auto const end = begin + std::chrono::days{form_.days};
    ::ASN1_TIME_set(::X509_getm_notBefore(made_.get()), static_cast<std::time_t>(begin.time_since_epoch().count()));
    ::ASN1_TIME_set(::X509_getm_notAfter(made_.get()), static_cast<std::time_t>(end.time_since_epoch().count()));
    return ok;
  }

  [[nodiscard]] auto filled(std::string text) const -> std::string {
    replace_all(text, "{host}", form_.host);
    replace_all(text, "{unit}", form_.unit);
    return text;
  }

  auto set_name(X509_NAME *name, std::vector<std::string> const &parts, std::string_view key) -> Result<void> {
    for (auto const &part : parts) {
      auto const text = filled(part);
      auto const equals = std::min(text.find('='), text.size());
      auto const kind = text.substr(0, equals);
      auto const value = text.substr(std::min(equals + 1, text.size()));
      if (value.empty() || ::X509_NAME_add_entry_by_txt(name, kind.c_str(), MBSTRING_UTF8,
                                                        reinterpret_cast<unsigned char const *>(value.data()),
                                                        static_cast<int>(value.size()), -1, 0) != 1) {
        ::ERR_clear_error();
        return fail(ErrorCode::malformed,
                    "persona {}: {} has \"{}\"; write CN=, O=, OU=, C= (two letters), ST=, L= or "
                    "emailAddress= and a value",
                    persona_.name(), key, part);
      }
    }
    return ok;
  }

  /// As "openssl req -x509" does.
  auto add_extensions() -> Result<void> {
    TRY_VOID(add_extension(NID_subject_key_identifier, "hash"));
    if (form_.issuer.empty()) TRY_VOID(add_extension(NID_authority_key_identifier, "keyid:always"));
    TRY_VOID(add_extension(NID_basic_constraints, form_.issuer.empty() ? "critical,CA:TRUE" : "CA:FALSE"));
    if (form_.alternative_names.empty()) return ok;
    return add_extension(NID_subject_alt_name, filled(fmt::format("{}", fmt::join(form_.alternative_names, ","))));
  }

  auto add_extension(int kind, std::string const &value) -> Result<void> {
    auto context = X509V3_CTX{};
    X509V3_set_ctx(&context, made_.get(), made_.get(), nullptr, nullptr, 0);
    auto const extension = std::unique_ptr<X509_EXTENSION, OpensslDeleter<&::X509_EXTENSION_free>>{
        ::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
    if (extension == nullptr || ::X509_add_ext(made_.get(), extension.get(), -1) != 1) {
      ::ERR_clear_error();
      return fail(ErrorCode::malformed,
                  "persona {}: tls.alternative_names gives \"{}\"; write DNS:name or IP:address for each",
                  persona_.name(), value);
    }
    return ok;
  }

  auto sign(EVP_PKEY *key) -> Result<void> {
    auto passing = OpensslKey{};
    if (!form_.issuer.empty()) {
      TRY(passing, make_key("ec256"));
    }
    if (::X509_sign(made_.get(), passing == nullptr ? key : passing.get(), ::EVP_sha256()) == 0)
      return openssl_failure("signing a certificate");
    return ok;
  }

  Persona const &persona_;
  Form const &form_;
  OpensslCertificate made_;
};

auto pem_of(EVP_PKEY *key, X509 *certificate) -> Result<std::string> {
  auto const text = OpensslBio{::BIO_new(::BIO_s_mem())};
  if (text == nullptr || ::PEM_write_bio_PrivateKey(text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      ::PEM_write_bio_X509(text.get(), certificate) != 1)
    return openssl_failure("writing a certificate");
  auto *bytes = static_cast<char *>(nullptr);
  auto const size = BIO_get_mem_data(text.get(), &bytes);
  return std::string{bytes, static_cast<std::size_t>(size)};
}

constexpr auto kMark = std::string_view{"Noroshi made this certificate and its key for the persona's words "};

auto mark_of(Form const &form) -> std::string {
  auto digest = Sha256{};
  digest.add(form.words());
  return fmt::format("{}{}\n", kMark, digest.hex());
}

auto make(Persona const &persona, Form const &form, EVP_PKEY *key) -> Result<std::string> {
  TRY(auto const certificate, Maker(persona, form).make(key));
  TRY(auto const pem, pem_of(key, certificate.get()));
  return mark_of(form) + pem;
}

/// What is kept, unless it was made by a persona that has changed since; nothing where there is none.
auto read_kept(std::string const &file, Form const &form) -> Result<std::optional<std::string>> {
  auto kept = read_file(file, kMaxPem);
  if (kept && (!kept->starts_with(kMark) || kept->starts_with(mark_of(form)))) return std::optional{*std::move(kept)};
  if (!kept && kept.error().code != ErrorCode::not_found) return kept.error();
  return std::optional<std::string>{};
}

auto make_and_keep(Persona const &persona, Form const &form, std::string const &file) -> Result<std::string> {
  auto error = std::error_code{};
  std::filesystem::create_directories(persona.kept_in(), error);
  if (error) return system_error(error.value(), fmt::format("cannot create the folder {}", persona.kept_in()));
  // Several processes start in one data directory: the first makes it, the others wait and read what it made.
  auto const folder = FileDescriptor{::open(persona.kept_in().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder.valid() || ::flock(folder.get(), LOCK_EX) != 0)
    return system_error(errno, fmt::format("cannot lock the folder {}", persona.kept_in()));
  TRY(auto made, read_kept(file, form));
  if (made) return *std::move(made);
  TRY(auto const key, make_key(form.key));
  TRY(auto pem, make(persona, form, key.get()));
  TRY_VOID(write_file_durably(file, pem, 0600));
  return pem;
}

}  // namespace

auto certificate_of(Persona const &persona) -> Result<std::string> {
  constexpr auto kKinds = std::to_array<std::string_view>({"rsa2048", "rsa4096", "ec256", "ec384"});
  TRY(auto const form, read_form(persona));
  if (std::ranges::find(kKinds, form.key) == kKinds.end())
    return fail(ErrorCode::malformed, "persona {}: tls.key = \"{}\"; write one of {}", persona.name(), form.key,
                fmt::join(kKinds, ", "));
  if (persona.kept_in().empty()) {
    TRY(auto const key, passing_key(form.key));
    return make(persona, form, key.get());
  }
  auto const file = fmt::format("{}/{}.pem", persona.kept_in(), persona.name());
  TRY(auto kept, read_kept(file, form));
  if (kept) return *std::move(kept);
  return make_and_keep(persona, form, file);
}

}  // namespace noroshi::sense
