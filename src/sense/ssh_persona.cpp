#include "sense/ssh_persona.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/ranges.h>

#include "base/file.hpp"
#include "codec/ssh/moduli.hpp"
#include "codec/ssh/protection.hpp"

namespace noroshi::sense {
namespace {

namespace ssh = codec::ssh;

constexpr auto kMaxKeyFile = std::size_t{16} << 10;
constexpr auto kMaxModuliFile = std::size_t{1} << 20;  // OpenSSH's whole list is about half
constexpr auto kMostTries = std::int64_t{100};
constexpr auto kMostWaiting = std::int64_t{1'000'000};

/// The key of that kind that this node made for the persona, made now where there is none. It lasts as long as the
/// process where the persona is kept nowhere.
auto host_key(Persona const &persona, std::string const &kind) -> Result<ssh::HostKey> {
  if (persona.kept_in().empty()) return ssh::HostKey::generate(kind);
  auto const file = fmt::format("{}/{}-ssh-{}.pem", persona.kept_in(), persona.name(), kind);
  if (std::filesystem::exists(file)) {
    TRY(auto const pem, read_file(file, kMaxKeyFile));
    auto key = ssh::HostKey::parse(pem);
    if (!key) return fail(ErrorCode::malformed, "{} is no private key: {}", file, key.error().sentence);
    return key;
  }
  TRY(auto key, ssh::HostKey::generate(kind));
  TRY_VOID(write_file_durably(file, key.to_pem()));
  return key;
}

auto joined(Persona const &persona, std::string_view key) -> std::string {
  return fmt::format("{}", fmt::join(persona.list(key), ","));
}

/// A name that nothing here can do would be chosen by a client, and then the visit would be over.
auto check_known(Persona const &persona, std::string_view key, std::vector<std::string_view> known,
                 std::vector<std::string_view> const &also = {}) -> Result<void> {
  known.insert(known.end(), also.begin(), also.end());
  for (auto const &name : persona.list(key))
    if (std::ranges::find(known, name) == known.end())
      return fail(ErrorCode::malformed, "persona {}: {} names {}, which is not implemented", persona.name(), key, name);
  return ok;
}

auto proposal_of(Persona const &persona) -> Result<ssh::KexInit> {
  using enum ssh::List;
  TRY_VOID(check_known(persona, "ssh.kex", ssh::known_key_exchanges(),
                       {"kex-strict-s-v00@openssh.com", "ext-info-s", "kexguess2@matt.ucc.asn.au"}));
  TRY_VOID(check_known(persona, "ssh.ciphers", ssh::known_ciphers()));
  TRY_VOID(check_known(persona, "ssh.macs", ssh::known_macs()));
  TRY_VOID(check_known(persona, "ssh.compression", {"none", "zlib", "zlib@openssh.com"}));
  auto proposal = ssh::KexInit{};
  proposal[kex] = joined(persona, "ssh.kex");
  proposal[host_keys] = joined(persona, "ssh.host_keys");
  proposal[ciphers_in] = proposal[ciphers_out] = joined(persona, "ssh.ciphers");
  proposal[macs_in] = proposal[macs_out] = joined(persona, "ssh.macs");
  proposal[compression_in] = proposal[compression_out] = joined(persona, "ssh.compression");
  return proposal;
}

/// Where the persona's words come from: a claim that was not measured is not to pass for one that was.
auto read_evidence(Persona const &persona) -> Result<std::string> {
  auto const evidence = persona.text("ssh.evidence", "");
  auto version = persona.text("ssh.measured_version", "");
  if (evidence != "measured" && evidence != "published")
    return fail(ErrorCode::malformed, "persona {}: ssh.evidence is measured or published", persona.name());
  if ((evidence == "measured") == version.empty())
    return fail(ErrorCode::malformed,
                "persona {}: ssh.measured_version names the package's version where ssh.evidence is measured",
                persona.name());
  return version;
}

/// The primes of the machine's moduli file, from packs/ssh; none where the persona names no file.
auto read_moduli(Persona const &persona) -> Result<std::vector<ssh::DhGroup>> {
  auto const name = persona.text("ssh.moduli", "");
  if (name.empty()) return std::vector<ssh::DhGroup>{};
  auto const file = fmt::format("{}/ssh/{}", persona.packs(), name);
  TRY(auto const text, read_file(file, kMaxModuliFile));
  auto moduli = ssh::parse_moduli(text);
  if (!moduli) return fail(ErrorCode::malformed, "{}: {}", file, moduli.error().sentence);
  return moduli;
}

auto between(Persona const &persona, std::string_view key, std::int64_t otherwise, std::int64_t most)
    -> Result<std::int64_t> {
  TRY(auto const number, persona.number(key, otherwise));
  if (number < 0 || number > most)
    return fail(ErrorCode::malformed, "persona {}: {} is 0 to {}", persona.name(), key, most);
  return number;
}

}  // namespace

auto SshPersona::create(Persona const &persona) -> Result<std::shared_ptr<SshPersona>> {
  auto made = std::make_shared<SshPersona>();
  auto &transport = made->transport;
  transport.version = persona.text("ssh.version", "");
  if (!transport.version.starts_with("SSH-2.0-"))
    return fail(ErrorCode::malformed, "persona {}: ssh.version begins with SSH-2.0-", persona.name());
  TRY(made->measured_version, read_evidence(persona));
  TRY(transport.manners, ssh::manners_of(persona.text("ssh.program", "")));
  TRY(transport.proposal, proposal_of(persona));
  TRY_VOID(check_known(persona, "ssh.keys", ssh::HostKey::known_kinds()));
  if (persona.list("ssh.keys").empty())
    return fail(ErrorCode::malformed, "persona {}: ssh.keys names no key", persona.name());
  if (auto const names = joined(persona, "ssh.signatures"); !names.empty())
    transport.extensions.emplace_back("server-sig-algs", names);
  for (auto const &name : persona.list("ssh.extensions")) transport.extensions.emplace_back(name, "0");
  TRY(made->moduli, read_moduli(persona));
  transport.choose_group = [&moduli = made->moduli](ssh::GroupWish const &wish, ssh::Random const &random) {
    return ssh::choose_modulus(moduli, wish, random);
  };
  made->methods = joined(persona, "ssh.methods");
  made->banner = persona.text("ssh.banner", "");
  made->greeting = persona.with_host(persona.text("ssh.greeting", ""));
  made->prompt = persona.with_host(persona.text("ssh.prompt", "# "));
  made->accept_env = persona.list("ssh.accept_env");
  made->has_sftp = persona.text("ssh.sftp", "yes") == "yes";
  made->tells_host_keys = persona.text("ssh.tells_host_keys", "no") == "yes";
  TRY(made->logins, LoginPolicy::create(persona, "ssh"));
  TRY(auto const most, between(persona, "ssh.max_waiting", 0, kMostWaiting));
  TRY(auto const most_of_source, between(persona, "ssh.max_waiting_of_source", 0, kMostWaiting));
  if (most > 0 || most_of_source > 0)
    made->waiting =
        std::make_unique<WaitingRoom>(static_cast<std::size_t>(most), static_cast<std::size_t>(most_of_source));
  TRY(made->max_tries, between(persona, "ssh.max_tries", 6, kMostTries));
  TRY(made->delays, SshDelays::create(persona));
  TRY(made->machine, ShellMachine::create(persona));
  return made;
}

auto SshPersona::make_keys(Persona const &persona) -> Result<void> {
  for (auto const &kind : persona.list("ssh.keys")) {
    TRY(auto key, host_key(persona, kind));
    keys.push_back(std::make_unique<ssh::HostKey>(std::move(key)));
    transport.host_keys.push_back(keys.back().get());
  }
  return ok;
}

}  // namespace noroshi::sense
