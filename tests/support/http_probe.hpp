// HTTP requests for tests: probes as rules give them, spelled in many ways, and what an ordinary day brings.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace noroshi::test {

struct ProbeRequest {
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// A probe's text: request line, headers, empty line, body.
  static auto parse(std::string_view text) -> ProbeRequest {
    auto const line = [&text] {
      auto const end = std::min(text.find('\n'), text.size());
      auto const taken = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      return taken;
    };
    auto request = ProbeRequest{};
    auto const first = line();
    auto const space = first.find(' ');
    request.method = first.substr(0, space);
    request.target = first.substr(space + 1, first.rfind(" HTTP/") - space - 1);
    for (auto header = line(); !header.empty(); header = line()) {
      auto const colon = header.find(": ");
      request.headers.emplace_back(header.substr(0, colon), header.substr(colon + 2));
    }
    request.body = text.substr(0, text.ends_with('\n') ? text.size() - 1 : text.size());
    return request;
  }

  /// As bytes for the wire; `chunk` 0 sends the body with its length, else in chunks of so many bytes.
  [[nodiscard]] auto bytes(std::size_t chunk = 0) const -> std::string {
    auto text = fmt::format("{} {} HTTP/1.1\r\n", method, target);
    for (auto const &[name, value] : headers) text += fmt::format("{}: {}\r\n", name, value);
    if (body.empty()) return text + "\r\n";
    if (chunk == 0) return text + fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
    text += "Transfer-Encoding: chunked\r\n\r\n";
    for (auto at = std::size_t{0}; at < body.size(); at += chunk) {
      auto const piece = std::string_view{body}.substr(at, chunk);
      text += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    }
    return text + "0\r\n\r\n";
  }
};

/// Spells a request in another way that a server takes for the same.
class Mutation {
public:
  explicit Mutation(std::uint64_t seed) : random_(seed) {}

  auto operator()(ProbeRequest request) -> std::string {
    auto const question = std::min(request.target.find('?'), request.target.size());
    auto const path = request.target.substr(0, question);
    request.target = prefix() + escaped(path, 4) + escaped(request.target.substr(question), 6);
    for (auto &[name, value] : request.headers) {
      if (name == "Host") value = fmt::format("host{}.example:{}", draw(1000), 1 + draw(65'000));
      if (name == "Content-Type" && value.contains("urlencoded")) request.body = escaped(request.body, 6);
      for (auto &letter : name)
        if (draw(3) == 0) letter = letter_in_other_case(letter);
    }
    for (auto i = draw(4); i > 0; --i)
      request.headers.emplace_back(fmt::format("X-Extra-{}", draw(1000)), fmt::format("{}", draw(1000)));
    std::ranges::shuffle(request.headers, random_);
    return request.bytes(draw(2) == 0 ? 0 : 1 + draw(40));
  }

private:
  auto draw(std::uint64_t below) -> std::uint64_t { return random_() % below; }

  static auto letter_in_other_case(char c) -> char {
    auto const is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter ? static_cast<char>(c ^ 0x20) : c;
  }

  auto prefix() -> std::string {
    auto text = std::string{};
    for (auto i = draw(3); i > 0; --i) text += fmt::format("/p{}", draw(10'000));
    return text;
  }

  /// One of `each` characters as %XX, and some of those once more. What separates parts stays, as do escapes.
  auto escaped(std::string_view text, std::uint64_t each) -> std::string {
    auto result = std::string{};
    for (auto i = std::size_t{0}; i < text.size(); ++i) {
      if (text[i] == '%') {  // keep an escape whole
        result += text.substr(i, 3);
        i += 2;
      } else if (std::string_view{"/?&=+\\"}.contains(text[i]) || draw(each) != 0) {
        result += text[i];
      } else {
        result += fmt::format(fmt::runtime(draw(2) == 0 ? "%{}{:02X}" : "%{}{:02x}"), draw(5) == 0 ? "25" : "",
                              static_cast<unsigned>(static_cast<unsigned char>(text[i])));
      }
    }
    return result;
  }

  std::mt19937_64 random_;
};

/// What browsers, programs, crawlers and people's typing bring on an ordinary day. Words that also stand in attacks
/// come in their innocent sense.
class OrdinaryRequests {
public:
  explicit OrdinaryRequests(std::uint64_t seed) : random_(seed) {}

  auto next() -> ProbeRequest {
    auto request = ProbeRequest{};
    switch (draw(6)) {
      case 0: page(request); break;
      case 1: asset(request); break;
      case 2: search(request); break;
      case 3: form(request); break;
      case 4: program(request); break;
      default: upload(request); break;
    }
    request.headers.emplace_back("Host", fmt::format("www{}.example.com", draw(50)));
    add_usual_headers(request);
    std::ranges::shuffle(request.headers, random_);
    return request;
  }

private:
  auto draw(std::uint64_t below) -> std::uint64_t { return random_() % below; }
  auto one_of(std::vector<std::string_view> const &words) -> std::string_view { return words[draw(words.size())]; }

  auto word() -> std::string_view {
    return one_of({"select", "union",    "station", "sleep",   "better", "drop",   "table",  "lamp",   "java",
                   "lang",   "runtime",  "error",   "config",  "admin",  "panel",  "system", "shell",  "necklace",
                   "class",  "module",   "loader",  "country", "locale", "passwd", "etc",    "cron",   "job",
                   "user",   "template", "exec",    "summary", "upload", "group",  "policy", "search", "query",
                   "widget", "php",      "lessons", "ldap",    "course", "jndi",   "what"});
  }
  auto words(std::uint64_t most, std::string_view between) -> std::string {
    auto text = std::string{word()};
    for (auto i = draw(most); i > 0; --i) text.append(between).append(word());
    return text;
  }

  void page(ProbeRequest &request) {
    request.method = one_of({"GET", "GET", "GET", "HEAD"});
    request.target = one_of({"/", "/index.php", "/wp-login.php", "/admin/config.php", "/api/v1/users", "/login.php",
                             "/cgi-bin/status.cgi", "/owa/", "/remote/login", "/static/../favicon.ico",
                             "/autodiscover/autodiscover.xml", "/public/plugins/list", "/webtools/control/main"});
    if (draw(2) == 0) request.target = "/" + words(5, "/");
    if (draw(3) == 0) request.target += fmt::format("?page={}&id={}", words(2, "-"), draw(10'000));
  }
  void asset(ProbeRequest &request) {
    request.method = "GET";
    request.target = fmt::format("/{}/{}.{}?v={}.{}", words(3, "/"), words(2, "-"),
                                 one_of({"js", "css", "png", "svg", "woff2", "json"}), draw(20), draw(100));
  }
  void search(ProbeRequest &request) {
    request.method = "GET";
    request.target = fmt::format("/search?q={}&lang={}&page={}", words(6, draw(2) == 0 ? "+" : "%20"),
                                 one_of({"en", "ja", "de"}), draw(30));
    if (draw(4) == 0) request.target += "&price=%24%7B" + std::to_string(draw(100)) + "%7D";
  }
  void form(ProbeRequest &request) {
    request.method = "POST";
    request.target = one_of({"/login", "/contact", "/wp-login.php", "/userportal/login", "/ping.php", "/comments"});
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = fmt::format("username={}&comment={}&timezone=Asia%2FTokyo&user={}&system={}", word(), words(20, "+"),
                               word(), one_of({"linux", "windows"}));
    if (draw(4) == 0) request.body += "%3B%20it%27s+%60fine%60+%24%28really%29";
  }
  void program(ProbeRequest &request) {
    request.method = one_of({"POST", "PUT", "PATCH"});
    request.target = one_of({"/api/v1/items", "/graphql", "/api/query", "/rest/v2/issue", "/gremlin", "/run"});
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Authorization", fmt::format("Bearer {:x}{:x}", random_(), random_()));
    request.body = fmt::format(R"({{"name":"{}","text":"{}","count":{},"path":"..\/{}","query":"{{ {} }}"}})", word(),
                               words(15, " "), draw(1000), word(), words(3, " "));
  }
  void upload(ProbeRequest &request) {
    request.method = "POST";
    request.target = "/files/upload?folder=" + words(3, "%2F");
    request.headers.emplace_back("Content-Type", "multipart/form-data; boundary=----b");
    request.body = fmt::format("------b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}.jpg\"\r\n\r\n",
                               words(2, "_"));
    for (auto i = draw(300); i > 0; --i) request.body += static_cast<char>(draw(256));
    request.body += "\r\n------b--\r\n";
  }

  void add_usual_headers(ProbeRequest &request) {
    static auto const agents = std::vector<std::string_view>{
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36",
        "curl/8.5.0",
        "python-requests/2.32",
        "Go-http-client/1.1",
        "Googlebot/2.1 (+http://www.google.com/bot.html)",
        "Node.js/20"};
    request.headers.emplace_back("User-Agent", one_of(agents));
    request.headers.emplace_back("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    if (draw(2) == 0) request.headers.emplace_back("Cookie", fmt::format("sid={:x}; {}={}", random_(), word(), word()));
    if (draw(3) == 0) request.headers.emplace_back("Referer", "https://example.com/" + words(3, "/"));
    if (draw(4) == 0) request.headers.emplace_back("X-Forwarded-For", fmt::format("203.0.113.{}", draw(256)));
    if (draw(6) == 0 && request.headers.empty())
      request.headers.emplace_back("Authorization", "Basic YWRtaW46YWRtaW4=");
  }

  std::mt19937_64 random_;
};

}  // namespace noroshi::test
