#include "understand/feeds/misp_types.hpp"

#include <algorithm>

namespace noroshi::understand::feeds {

namespace {

using enum model::Direction;

// From MISP's describeTypes.json. Links and comments point at reports, not at attackers; texts are no values.
constexpr auto kTypes = std::to_array<MispType>({
    {"ip-src", {"ip", ""}, inbound},
    {"ip-dst", {"ip", ""}, outbound},
    {"ip-src|port", {"ip", "-"}, inbound},
    {"ip-dst|port", {"ip", "-"}, outbound},
    {"domain", {"domain", ""}, outbound},
    {"domain|ip", {"domain", "ip"}, outbound},
    {"hostname", {"domain", ""}, outbound},
    {"hostname|port", {"domain", "-"}, outbound},
    {"url", {"url", ""}, outbound},
    {"uri", {"url", ""}, outbound},
    {"email", {"email", ""}},
    {"email-src", {"email", ""}, inbound},
    {"email-dst", {"email", ""}},
    {"email-reply-to", {"email", ""}, inbound},
    {"md5", {"md5", ""}},
    {"sha1", {"sha1", ""}},
    {"sha256", {"sha256", ""}},
    {"sha512", {"sha512", ""}},
    {"filename|md5", {"-", "md5"}},
    {"filename|sha1", {"-", "sha1"}},
    {"filename|sha256", {"-", "sha256"}},
    {"filename|sha512", {"-", "sha512"}},
    {"malware-sample", {"-", "md5"}},
    {"attachment", {"-", ""}},
    {"ssdeep", {"ssdeep", ""}},
    {"filename|ssdeep", {"-", "ssdeep"}},
    {"tlsh", {"tlsh", ""}},
    {"filename|tlsh", {"-", "tlsh"}},
    {"imphash", {"imphash", ""}},
    {"filename|imphash", {"-", "imphash"}},
    {"ja3-fingerprint-md5", {"ja3", ""}},
    {"hassh-md5", {"hassh", ""}},
    {"AS", {"asn", ""}},
    {"filename", {"file_name", ""}},
    {"regkey", {"registry_key", ""}},
    {"regkey|value", {"registry_key", "-"}},
    {"mutex", {"mutex", ""}},
    {"user-agent", {"user_agent", ""}},
    {"vulnerability", {"cve", ""}},
    {"btc", {"btc", ""}},
    {"xmr", {"xmr", ""}},
});

}  // namespace

auto misp_type(std::string_view name) -> MispType const * {
  auto const found = std::ranges::find(kTypes, name, &MispType::name);
  return found == kTypes.end() ? nullptr : &*found;
}

}  // namespace noroshi::understand::feeds
