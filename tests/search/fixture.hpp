// A node's knowledge in memory, with a clock that stands still.
#pragma once

#include "search/answer.hpp"
#include "support/fake_catalogue.hpp"
#include "support/fake_stores.hpp"

namespace noroshi::test {

inline auto texts() -> search::Sentences const & {
  static auto const loaded = search::Sentences::load(NOROSHI_SOURCE_DIR "/packs/text");
  if (!loaded) throw std::runtime_error{loaded.error().sentence};
  return *loaded;
}

inline auto viewer(model::UserRole role) -> model::Viewer { return {{9}, "eve", role, {1}}; }

struct Node {
  FakeIndicators indicators;
  FakeObservations observations;
  FakeCatalogue catalogue;
  ManualClock clock{Time{std::chrono::days{20'000}}};
  search::Knowledge knowledge{indicators, observations, catalogue, clock, texts()};

  /// A context of `source`, last seen `days` ago.
  auto context(std::string_view source, model::Evidence evidence, int days = 0) -> model::Context {
    auto made = model::Context{};
    made.source = catalogue.ensure_source(source)->id;
    made.evidence = evidence;
    made.first_seen = clock.now() - std::chrono::days{days + 1};
    made.last_seen = clock.now() - std::chrono::days{days};
    made.tlp = model::Tlp::green;
    return made;
  }
  auto ask(std::string_view value, model::UserRole role = model::UserRole::analyst) -> search::Answer {
    auto answers = search::search(std::span{&value, 1}, viewer(role), knowledge);
    if (!answers) throw std::runtime_error{answers.error().sentence};
    return std::move(answers->front());
  }
};

}  // namespace noroshi::test
