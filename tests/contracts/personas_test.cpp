// Every persona that shows pages is one thing from all sides: header, title, certificate and log-in flow agree.
#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <set>

#include "sense/cast.hpp"
#include "support/scripted_visit.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;

constexpr auto kFolder = NOROSHI_SOURCE_DIR "/packs/personas";

auto cast() -> Cast const & {
  static auto const all = Cast::create(kFolder, "");
  REQUIRE_MESSAGE(all, all.error().sentence);
  return *all;
}

template <class Check>
void for_every_site(Check check) {
  auto sites = 0;
  for (auto const &entry : std::filesystem::directory_iterator{kFolder}) {
    auto const persona = Persona::load(entry.path().string());
    REQUIRE(persona);
    if (!persona->has("http")) continue;
    auto const name = persona->name();
    CAPTURE(name);
    check(*persona);
    ++sites;
  }
  CHECK(sites >= 6);
}

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  [[nodiscard]] auto header(std::string_view name) const -> std::string {
    auto const at = head.find("\r\n" + std::string{name} + ": ");
    if (at == std::string::npos) return {};
    auto const begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

auto ask(Persona const &persona, std::string_view method, std::string_view path, std::string_view body = {}) -> Answer {
  auto visit = ScriptedVisit{*cast().find("http", persona.name()), "http"};
  visit.start();
  visit.send(std::string{method} + " " + std::string{path} +
             " HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + std::string{body});
  auto const &output = visit.output();
  auto const end = output.find("\r\n\r\n");
  REQUIRE(output.starts_with("HTTP/1.1 "));
  REQUIRE(end != std::string::npos);
  return {std::stoi(output.substr(9, 3)), output.substr(0, end + 2), output.substr(end + 4)};
}

/// What stands between `before` and `after`, at every place.
auto all_between(std::string_view text, std::string_view before, std::string_view after) -> std::vector<std::string> {
  auto found = std::vector<std::string>{};
  for (auto at = text.find(before); at != std::string_view::npos; at = text.find(before, at + 1)) {
    auto const begin = at + before.size();
    found.emplace_back(text.substr(begin, text.find(after, begin) - begin));
  }
  return found;
}

auto page_paths(Persona const &persona) -> std::vector<std::string> {
  auto paths = std::vector<std::string>{};
  for (auto i = std::size_t{0}; i < persona.count("http.pages"); ++i)
    paths.push_back(persona.text("http.pages." + std::to_string(i) + ".path", ""));
  return paths;
}

/// Follows redirects to the page where they end.
auto follow(Persona const &persona, Answer answer) -> Answer {
  for (auto i = 0; i < 5 && answer.status >= 300 && answer.status < 400; ++i) {
    auto const location = answer.header("Location");
    CAPTURE(location);
    REQUIRE(location.starts_with('/'));
    answer = ask(persona, "GET", location);
  }
  return answer;
}

TEST_CASE("nginx's ETag of a file is its time and its length") {
  auto seen = 0;
  for_every_site([&](Persona const &persona) {
    for (auto i = std::size_t{0}; i < persona.count("http.pages"); ++i) {
      auto const page = ask(persona, "GET", persona.text("http.pages." + std::to_string(i) + ".path", ""));
      auto const tag = page.header("ETag");
      auto const hyphen = tag.find('-');
      if (hyphen == std::string::npos) continue;
      CHECK(std::stoul(tag.substr(hyphen + 1), nullptr, 16) == page.body.size());
      auto modified = std::tm{};
      REQUIRE(::strptime(page.header("Last-Modified").c_str(), "%a, %d %b %Y %H:%M:%S GMT", &modified) != nullptr);
      CHECK(std::stol(tag.substr(1, hyphen - 1), nullptr, 16) == ::timegm(&modified));
      ++seen;
    }
  });
  CHECK(seen >= 5);
}

}  // namespace

TEST_CASE("each persona with pages says who it is, and its Server header and its certificate agree") {
  for_every_site([](Persona const &persona) {
    auto const server = persona.text("identity.server", "");
    auto const vendor = persona.text("identity.vendor", "");
    REQUIRE(persona.has("identity"));
    CHECK(persona.text("http.server", "") == server);
    CHECK(persona.text("host.name", "localhost") == persona.text("identity.host", "localhost"));
    for (auto const &path : page_paths(persona)) CHECK(ask(persona, "GET", path).header("Server") == server);
    CHECK(ask(persona, "GET", "/no/such/page").header("Server") == server);
    CHECK(ask(persona, "GET", "/no/such/page").status == 404);
    auto const subject = persona.list("tls.subject");
    REQUIRE(!subject.empty());
    CHECK(std::ranges::find(subject, "CN={host}") != subject.end());
    auto const organisation = std::ranges::find_if(subject, [](auto const &part) { return part.starts_with("O="); });
    CHECK((organisation == subject.end() ? std::string{} : organisation->substr(2)) == vendor);
  });
}

TEST_CASE("each page of a persona has its title, and whatever it refers to is there") {
  for_every_site([](Persona const &persona) {
    auto const title = persona.text("identity.title", "");
    auto const front = follow(persona, ask(persona, "GET", "/"));
    CHECK(front.status == 200);
    CHECK(all_between(front.body, "<title>", "</title>") == std::vector<std::string>{title});
    auto references = std::set<std::string>{};
    for (auto const &path : page_paths(persona)) {
      CAPTURE(path);
      auto const answer = ask(persona, "GET", path);
      CHECK(answer.body.find('{' + std::string{"serial}"}) == std::string::npos);
      if (answer.status == 200 && answer.header("Content-Type").starts_with("text/html"))
        CHECK(all_between(answer.body, "<title>", "</title>") == std::vector<std::string>{title});
      CHECK(follow(persona, answer).status < 404);
      for (auto const *const attribute : {"href=\"/", "src=\"/"})
        for (auto const &rest : all_between(answer.body, attribute, "\"")) references.insert("/" + rest);
    }
    for (auto const &path : references) {
      CAPTURE(path);
      CHECK(ask(persona, "GET", path).status == 200);
    }
  });
}

TEST_CASE("each log-in form posts to a place that answers as a failed log-in, and what is typed is noted") {
  for_every_site([](Persona const &persona) {
    auto const login = persona.text("http.login.path", "");
    auto const user = persona.text("http.login.user_field", "username");
    auto const password = persona.text("http.login.password_field", "password");
    auto const front = follow(persona, ask(persona, "GET", "/"));
    auto const actions = all_between(front.body, "action=\"", "\"");
    if (login.empty()) {
      CHECK(actions.empty());
      return;
    }
    CHECK(actions == std::vector<std::string>{login});
    CHECK(front.body.find("method=\"post\"") != std::string::npos);
    CHECK(front.body.find("name=\"" + user + "\"") != std::string::npos);
    CHECK(front.body.find("name=\"" + password + "\" type=\"password\"") != std::string::npos);
    auto const failed = follow(persona, ask(persona, "POST", login, user + "=admin&" + password + "=secret"));
    CHECK((failed.status == 200 || failed.status == 401 || failed.status == 403));
    CHECK(all_between(failed.body, "<title>", "</title>") ==
          std::vector<std::string>{persona.text("identity.title", "")});
    for (auto const &path : all_between(failed.body, "href=\"", "\"")) CHECK(ask(persona, "GET", path).status == 200);

    auto visit = ScriptedVisit{*cast().find("http", persona.name()), "http"};
    visit.start();
    auto const form = user + "=admin&" + password + "=secret";
    visit.send("POST " + login + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(form.size()) + "\r\n\r\n" +
               form);
    auto const logins = visit.notes(model::Kind::login);
    REQUIRE(logins.size() == 1);
    CHECK(logins[0].text(model::Field::username) == "admin");
    CHECK(logins[0].text(model::Field::password) == "secret");
  });
}

TEST_CASE("a session cookie is filled in") {
  auto const persona = Persona::load(std::string{kFolder} + "/sslvpn.toml");
  REQUIRE(persona);
  auto const first = ask(*persona, "GET", "/access/login").header("Set-Cookie");
  CHECK(first.find("{cookie}") == std::string::npos);
  CHECK(first.size() > 40);
}
