#include "codec/cowrie.hpp"

#include <algorithm>

namespace noroshi::codec::cowrie {

namespace {

using model::Field;
using model::Kind;

constexpr auto kInput = MemberRule{"input", Field::command};
constexpr auto kUser = MemberRule{"username", Field::username};
constexpr auto kPassword = MemberRule{"password", Field::password};
constexpr auto kUrl = MemberRule{"url", Field::url};
constexpr auto kData = MemberRule{"data", Field::payload};

// A command line comes as command.input; command.failed and .success speak of its words once more, so they are no
// commands of their own. A download without a URL is a file written by redirection (the reader makes it one).
constexpr auto kRules = std::array{
    EventRule{"cowrie.client.fingerprint", Kind::hello, {kUser}},
    EventRule{"cowrie.client.kex", Kind::hello, {MemberRule{"hassh", Field::hassh}}},
    EventRule{"cowrie.client.malformed_packet", Kind::malformed, {kData}},
    EventRule{"cowrie.client.size", Kind::negotiation},
    EventRule{"cowrie.client.var", Kind::negotiation},
    EventRule{"cowrie.client.version", Kind::hello, {MemberRule{"version", Field::client_version}}},
    EventRule{"cowrie.command.chpasswd", Kind::other, {kUser}},
    EventRule{"cowrie.command.failed", Kind::other, {kInput}, false},
    EventRule{"cowrie.command.input", Kind::command, {kInput}},
    EventRule{"cowrie.command.success", Kind::other, {kInput}, true},
    EventRule{"cowrie.direct-tcpip.data", Kind::payload, {kData}, {}, {}, Destination::elsewhere},
    EventRule{"cowrie.direct-tcpip.ja4", Kind::hello, {MemberRule{"ja4", Field::ja4}}, {}, {}, Destination::elsewhere},
    EventRule{"cowrie.direct-tcpip.ja4h", Kind::hello, {}, {}, {}, Destination::elsewhere},
    EventRule{"cowrie.direct-tcpip.redirect", Kind::other, {}, {}, {}, Destination::elsewhere},
    EventRule{"cowrie.direct-tcpip.request", Kind::request, {}, {}, "CONNECT", Destination::elsewhere},
    EventRule{"cowrie.direct-tcpip.tunnel", Kind::other, {}, {}, {}, Destination::elsewhere},
    EventRule{"cowrie.log.closed", Kind::other},
    EventRule{"cowrie.log.open", Kind::other},
    EventRule{"cowrie.login.failed", Kind::login, {kUser, kPassword}, false},
    EventRule{"cowrie.login.success", Kind::login, {kUser, kPassword}, true},
    EventRule{"cowrie.session.closed", Kind::closed},
    EventRule{"cowrie.session.connect", Kind::opened},
    EventRule{"cowrie.session.file_download",
              Kind::download,
              {kUrl, MemberRule{"shasum", Field::sha256}, MemberRule{"destfile", Field::file_name}}},
    EventRule{"cowrie.session.file_download.failed", Kind::download, {kUrl, MemberRule{"error", Field::reason}}},
    EventRule{"cowrie.session.file_upload",
              Kind::file,
              {MemberRule{"filename", Field::file_name}, MemberRule{"shasum", Field::sha256}}},
    EventRule{"cowrie.session.input", Kind::payload, {MemberRule{"input", Field::payload}}},
    EventRule{"cowrie.session.params", Kind::negotiation},
    EventRule{"cowrie.telnet.error", Kind::malformed, {MemberRule{"error", Field::reason}}},
    EventRule{"cowrie.telnet.exploit_attempt", Kind::other},
    EventRule{"cowrie.telnet.exploit_success", Kind::other, {kUser, MemberRule{"attempted_command", Field::command}}},
    EventRule{"cowrie.telnet.option", Kind::negotiation},
    EventRule{"cowrie.tunnelproxy-tcpip.data", Kind::payload, {kData}, {}, {}, Destination::elsewhere},
};
static_assert(std::ranges::is_sorted(kRules, {}, &EventRule::event), "rule_for() searches by halves");

constexpr auto kCommon = std::array<std::string_view, 15>{"dst_ip",   "dst_port", "epoch",     "eventid", "isError",
                                                          "message",  "protocol", "sensor",    "session", "src_ip",
                                                          "src_port", "system",   "timestamp", "unique",  "uuid"};
static_assert(std::ranges::is_sorted(kCommon));

}  // namespace

auto rules() -> std::span<EventRule const> { return kRules; }

auto rule_for(std::string_view event) -> EventRule const * {
  auto const found = std::ranges::lower_bound(kRules, event, {}, &EventRule::event);
  return found == kRules.end() || found->event != event ? nullptr : found;
}

auto is_common(std::string_view member) -> bool { return std::ranges::binary_search(kCommon, member); }

}  // namespace noroshi::codec::cowrie
