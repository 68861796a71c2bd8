#include "net/post.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/bytes.hpp"

namespace noroshi::net {

auto post(WebUrl const &target, std::string body, PostOptions const &options) -> Result<unsigned> {
  auto request = WebRequest{};
  request.method = "POST";
  request.headers = options.headers;
  request.body = std::move(body);
  request.until = std::chrono::steady_clock::now() + options.deadline;
  // Who forgets to say whom may be called calls nobody.
  request.permits = options.permits ? options.permits : [](model::IpAddress const &) { return false; };
  request.stop = options.stop;
  TRY(auto const answer, ask_web(target, std::move(request)));
  return answer.status;
}

auto hmac_sha256(std::string_view key, std::string_view text) -> std::string {
  auto digest = std::string(EVP_MAX_MD_SIZE, '\0');
  auto size = unsigned{0};
  ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<unsigned char const *>(text.data()),
         text.size(), reinterpret_cast<unsigned char *>(digest.data()), &size);
  return to_hex(std::string_view{digest}.substr(0, size));
}

}  // namespace noroshi::net
