#include "model/observation.hpp"

#include "model/words.hpp"

namespace noroshi::model {

namespace {

constexpr auto kKinds = std::array{
    Word{Kind::opened, "opened"},       Word{Kind::closed, "closed"},
    Word{Kind::hello, "hello"},         Word{Kind::login, "login"},
    Word{Kind::command, "command"},     Word{Kind::request, "request"},
    Word{Kind::payload, "payload"},     Word{Kind::download, "download"},
    Word{Kind::file, "file"},           Word{Kind::negotiation, "negotiation"},
    Word{Kind::malformed, "malformed"}, Word{Kind::limit, "limit"},
    Word{Kind::other, "other"},
};

constexpr auto kTransports = std::array{Word{Transport::tcp, "tcp"}, Word{Transport::udp, "udp"}};

// Secret are what people log in with and what they post (docs/legal): the user name is not, it is what lists compare.
constexpr auto kFields = std::array<FieldInfo, kFieldCount>{{
    {Field::persona, "persona", FieldType::text, false},
    {Field::protocol, "protocol", FieldType::text, false},
    {Field::username, "username", FieldType::text, false},
    {Field::password, "password", FieldType::text, true},
    {Field::accepted, "accepted", FieldType::flag, false},
    {Field::command, "command", FieldType::text, false},
    {Field::method, "method", FieldType::text, false},
    {Field::path, "path", FieldType::text, false},
    {Field::host, "host", FieldType::text, false},
    {Field::user_agent, "user_agent", FieldType::text, false},
    {Field::status, "status", FieldType::number, false},
    {Field::url, "url", FieldType::text, false},
    {Field::sha256, "sha256", FieldType::text, false},
    {Field::sni, "sni", FieldType::text, false},
    {Field::ja3, "ja3", FieldType::text, false},
    {Field::ja4, "ja4", FieldType::text, false},
    {Field::hassh, "hassh", FieldType::text, false},
    {Field::client_version, "client_version", FieldType::text, false},
    {Field::file_name, "file_name", FieldType::text, false},
    {Field::bytes_in, "bytes_in", FieldType::number, false},
    {Field::bytes_out, "bytes_out", FieldType::number, false},
    {Field::duration_ms, "duration_ms", FieldType::number, false},
    {Field::reason, "reason", FieldType::text, false},
    {Field::payload, "payload", FieldType::bytes, true},
}};

constexpr auto in_order() -> bool {
  for (auto i = std::size_t{0}; i < kFieldCount; ++i)
    if (static_cast<std::size_t>(kFields[i].field) != i + 1) return false;
  return true;
}
static_assert(in_order(), "info() finds a field by its number");

}  // namespace

auto to_string(Kind kind) -> std::string_view { return word_of(kKinds, kind); }
auto parse_kind(std::string_view text) -> Result<Kind> { return parse_word(kKinds, text, "a kind of observation"); }

auto to_string(Transport transport) -> std::string_view { return word_of(kTransports, transport); }
auto parse_transport(std::string_view text) -> Result<Transport> {
  return parse_word(kTransports, text, "a transport");
}

auto fields() -> std::array<FieldInfo, kFieldCount> const & { return kFields; }

}  // namespace noroshi::model
