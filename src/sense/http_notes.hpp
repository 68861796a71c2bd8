// What an HTTP conversation records.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/http.hpp"
#include "sense/http_pages.hpp"
#include "sense/sha256.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

/// A request's body: its beginning, and size and hash of the whole.
struct HttpBody {
  /// Kept of a body; posted exploits are shorter, uploads are told by their hash.
  static constexpr auto kSample = std::size_t{4} << 10;

  std::string sample;
  std::uint64_t size = 0;
  Sha256 digest;
  bool malformed = false;

  void add(std::string_view bytes) {
    digest.add(bytes);
    size += bytes.size();
    sample.append(bytes.substr(0, kSample - std::min(kSample, sample.size())));
  }
};

/// The request as it came, with the status that answers it. Ends the body's hash. `problem` is added to those of the
/// head; empty: none. `through` says which way it came, where that was none of its own.
void note_request(Visit &visit, codec::http::RequestHead const &head, HttpBody &body, unsigned status,
                  std::string_view problem, std::string_view through = {});
/// Credentials in the request: HTTP's own, and those posted to the persona's form.
void note_logins(Visit &visit, HttpPages const &pages, codec::http::RequestHead const &head, HttpBody const &body);
void note_no_request(Visit &visit, std::string_view bytes, std::string_view reason);

}  // namespace noroshi::sense
