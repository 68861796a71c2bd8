#include "sense/tls_hello_note.hpp"

#include <boost/json.hpp>

#include "base/text.hpp"
#include "codec/tls_hello.hpp"

namespace noroshi::sense {
namespace {

using codec::tls::HelloFrame;

/// Between the pieces of a hello; a client sends them in one go.
constexpr auto kPieceQuiet = std::chrono::seconds{10};
/// Readable fingerprints go into `extra`, which holds 32 KiB; a hello that is only there to be large has none.
constexpr auto kMaxFingerprintText = std::size_t{8} << 10;
/// Kept of bytes that are no hello.
constexpr auto kMaxOther = std::size_t{4} << 10;
constexpr auto kMaxAlpnNames = std::size_t{32};

auto extra_json(codec::tls::ClientHello const &hello, std::string_view through) -> std::string {
  auto const &versions = hello.supported_versions;
  auto extra = boost::json::object{};
  auto &offered = extra["versions"].emplace_array();
  for (auto const version : versions)
    if (version >= 0x0300 && version <= 0x0304)
      offered.push_back(boost::json::string{codec::tls::version_name(version)});
  if (versions.empty()) offered.push_back(boost::json::string{codec::tls::version_name(hello.version)});
  auto &alpn = extra["alpn"].emplace_array();
  for (auto const &name : hello.alpn)
    if (alpn.size() < kMaxAlpnNames) alpn.push_back(boost::json::string{lossless_utf8(name)});
  auto const ja3 = codec::tls::ja3_text(hello);
  auto const ja4 = codec::tls::ja4_text(hello);
  if (ja3.size() <= kMaxFingerprintText) extra["ja3_text"] = ja3;
  if (ja4.size() <= kMaxFingerprintText) extra["ja4_text"] = ja4;
  if (!through.empty()) extra["through"] = through;
  return boost::json::serialize(extra);
}

void note_whole(Visit &visit, std::string_view records, codec::tls::ClientHello const &hello,
                std::string_view through) {
  auto const extra = extra_json(hello, through);
  auto const ja3 = codec::tls::ja3(hello);
  auto const ja4 = codec::tls::ja4(hello);
  auto seen = model::Observation{};
  seen.kind = model::Kind::hello;
  seen.extra = extra;
  seen.set(model::Field::protocol, std::string_view{"tls"})
      .set(model::Field::payload, records)
      .set(model::Field::ja4, std::string_view{ja4});
  if (!ja3.empty()) seen.set(model::Field::ja3, std::string_view{ja3});
  if (!hello.server_name.empty()) seen.set(model::Field::sni, std::string_view{hello.server_name});
  visit.note(seen);
}

void note_other(Visit &visit, std::string_view bytes, model::Kind kind, std::string_view reason) {
  auto const is_ssl2 = codec::tls::begins_ssl2(bytes);
  auto seen = model::Observation{};
  seen.kind = kind;
  seen.set(model::Field::protocol, is_ssl2 ? std::string_view{"ssl2"} : std::string_view{"tls"})
      .set(model::Field::payload, bytes.substr(0, kMaxOther));
  if (!reason.empty()) seen.set(model::Field::reason, reason);
  visit.note(seen);
}

}  // namespace

// Not inlined: an Observation on the coroutine's frame would cost every silent session half a kilobyte.
[[gnu::noinline]] void note_hello_bytes(Visit &visit, std::string_view bytes, HelloFrame frame,
                                        std::string_view through) {
  if (bytes.empty()) return;
  if (codec::tls::begins_ssl2(bytes)) return note_other(visit, bytes, model::Kind::hello, {});
  if (frame.state != HelloFrame::State::whole)
    return note_other(visit, bytes, model::Kind::malformed,
                      frame.state == HelloFrame::State::incomplete ? "incomplete_hello" : "no_client_hello");
  auto const records = bytes.substr(0, frame.bytes);
  if (auto const hello = codec::tls::parse_client_hello(records)) return note_whole(visit, records, *hello, through);
  note_other(visit, records, model::Kind::malformed, "damaged_hello");
}

auto note_client_hello(Visit &visit) -> Task<Result<void>> {
  auto frame = codec::tls::frame_client_hello(visit.unread());
  while (frame.state == HelloFrame::State::incomplete) {
    auto const wanted = visit.unread().size() + 1;
    auto const more = co_await visit.peek(wanted, kPieceQuiet);
    if (!more) {
      note_hello_bytes(visit, visit.unread(), frame, {});
      co_return more.error();
    }
    if (more->size() < wanted) break;
    frame = codec::tls::frame_client_hello(visit.unread());
  }
  note_hello_bytes(visit, visit.unread(), frame, {});
  co_return ok;
}

}  // namespace noroshi::sense
