// Runs tests/talks/*.talk: dialogues with decoys, without C++. The form, one step a line:
//   decoy telnet@router   who is visited (first line)
//   > root\r\n            the visitor sends; \r \n \t \\ \xHH
//   < login:              the decoy's answer contains this, behind what was found before
//   <! secret             the whole answer so far does not contain this
//   = login username=root an observation of that kind comes next among those of its kind, with these values
//   ~ 30                  seconds pass
//   close                 the visitor closes its side
//   # a comment
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/bytes.hpp"
#include "codec/shell_words.hpp"
#include "sense/cast.hpp"
#include "support/scripted_visit.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;

auto unescape(std::string_view text) -> std::string {
  auto bytes = std::string{};
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
    } else if (auto const letter = text[++i]; letter == 'x' && i + 2 < text.size()) {
      bytes += from_hex(text.substr(i + 1, 2)).value_or("?");
      i += 2;
    } else {
      bytes += letter == 'r' ? '\r' : letter == 'n' ? '\n' : letter == 't' ? '\t' : letter;
    }
  }
  return bytes;
}

class Talk {
public:
  explicit Talk(Cast const &cast) : cast_(cast) {}

  void step(std::string const &line) {
    if (line.empty() || line.starts_with('#')) return;
    if (line.starts_with("decoy ")) return begin(line.substr(6));
    REQUIRE_MESSAGE(visit_, "a talk begins with: decoy NAME");
    if (line == "close") return visit_->close();
    auto const rest = line.size() > 2 ? unescape(line.substr(2)) : std::string{};
    if (line.starts_with("> ")) return visit_->send(rest);
    if (line.starts_with("~ ")) return visit_->pass(std::chrono::seconds{std::stoi(rest)});
    if (line.starts_with("<! ")) return expect_absent(unescape(line.substr(3)));
    if (line.starts_with("< ")) return expect(rest);
    if (line.starts_with("= ")) return expect_note(line.substr(2));
    FAIL("a talk has no step of this form");
  }

private:
  void begin(std::string const &who) {
    auto const at_sign = std::min(who.find('@'), who.size());
    auto const name = who.substr(0, at_sign);
    auto const *const decoy = cast_.find(name, who.substr(std::min(at_sign + 1, who.size())));
    REQUIRE(decoy != nullptr);
    visit_ = std::make_unique<ScriptedVisit>(*decoy, cast_.service(name));
    for (auto const &other : Registry<Decoy>::instance().names()) visit_->know(other, *cast_.find(other, ""));
    visit_->start();
  }

  void expect(std::string const &text) {
    auto const found = visit_->output().find(text, cursor_);
    auto const rest = visit_->output().substr(cursor_);
    CAPTURE(rest);
    REQUIRE(found != std::string::npos);
    cursor_ = found + text.size();
  }

  void expect_absent(std::string const &text) { CHECK(visit_->output().find(text) == std::string::npos); }

  void expect_note(std::string const &text) {
    auto const words = codec::split_shell_line(text)->commands.at(0).words;
    auto const kind = model::parse_kind(words.at(0));
    REQUIRE(kind);
    auto const notes = visit_->notes(*kind);
    auto const number = taken_[*kind]++;
    REQUIRE_MESSAGE(number < notes.size(), "fewer observations of this kind than expected");
    for (auto i = std::size_t{1}; i < words.size(); ++i) check_value(notes[number], words[i]);
  }

  static void check_value(model::Observation const &seen, std::string const &expected) {
    auto const equals = expected.find('=');
    auto const name = expected.substr(0, equals);
    auto const value = unescape(expected.substr(equals + 1));
    CAPTURE(name);
    if (name == "service") {
      CHECK(seen.service == value);
      return;
    }
    if (name == "extra") {
      auto const &extra = seen.extra;
      CAPTURE(extra);
      CHECK(extra.find(value) != std::string_view::npos);
      return;
    }
    auto const info = std::ranges::find(model::fields(), name, &model::FieldInfo::name);
    REQUIRE(info != model::fields().end());
    REQUIRE(seen.has(info->field));
    if (info->type == model::FieldType::text || info->type == model::FieldType::bytes)
      CHECK(seen.text(info->field) == value);
    else
      CHECK(std::to_string(seen.number(info->field)) == value);
  }

  Cast const &cast_;
  std::unique_ptr<ScriptedVisit> visit_;
  std::size_t cursor_ = 0;
  std::map<model::Kind, std::size_t> taken_;
};

}  // namespace

TEST_CASE("decoys hold every dialogue in tests/talks") {
  auto cast = Cast::create(NOROSHI_SOURCE_DIR "/packs/personas", "");
  REQUIRE_MESSAGE(cast, cast.error().sentence);
  REQUIRE(cast->prepare_all());
  auto talks = 0;
  for (auto const &entry : std::filesystem::directory_iterator{NOROSHI_SOURCE_DIR "/tests/talks"}) {
    if (entry.path().extension() != ".talk") continue;
    auto const file = entry.path().filename().string();
    CAPTURE(file);
    auto talk = Talk{*cast};
    auto stream = std::ifstream{entry.path()};
    auto number = 0;
    for (auto line = std::string{}; std::getline(stream, line);) {
      ++number;
      CAPTURE(number);
      CAPTURE(line);
      talk.step(line);
    }
    CHECK(number > 3);
    ++talks;
  }
  CHECK(talks >= 8);
}
