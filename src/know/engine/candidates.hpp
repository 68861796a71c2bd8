// Where something may stand that answers for a value: what model/probes.hpp says, as hashes, before anything is known
// to be there. docs/decisions/what-answers-for-a-value.md has the reasons.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "know/engine/run.hpp"
#include "know/engine/stored_value.hpp"
#include "model/ports/indicator_store.hpp"

namespace noroshi::know::engine {

struct Candidate {
  enum class Kind : std::uint8_t { itself, block, name, url, url_path, url_folder };
  std::uint32_t value = 0;   // number in its group
  std::uint32_t detail = 0;  // block: prefix length; name: where it begins in the text; url…: how many bytes of it
  Kind kind = Kind::itself;
  bool other_scheme = false;  // http may stand for https, and the other way round; their hashes are the same
};

/// The candidates of a group of values, those of one value side by side, in the order of its hits. Their lines of the
/// runs' filters are on their way from memory when a value was added.
class Candidates {
public:
  /// `runs` outlive it.
  Candidates(std::span<std::shared_ptr<Run const> const> runs, StoreKey const &key);
  void clear();
  /// `number` grows.
  void add(model::Value const &value, std::uint32_t number);
  [[nodiscard]] auto hashes() const -> std::span<std::uint64_t const> { return hashes_; }
  [[nodiscard]] auto operator[](std::size_t number) const -> Candidate const & { return all_[number]; }

  /// An indicator that a candidate stands for.
  struct Form {
    model::MatchKind match;
    model::ValueType type;
    std::string_view text;
  };
  /// In the order of their hits; few. What is no answer is left out: a public suffix above a name. Valid until the next
  /// call, and as long as `asked`.
  auto forms(Candidate const &candidate, model::Value const &asked) -> std::span<Form const>;

private:
  /// Asks for the filters' lines at once: they arrive while the next values are hashed.
  [[gnu::always_inline]] void push(std::uint64_t hash, Candidate candidate) {
    for (auto const *const run : runs_) run->prefetch_filter(hash);
    hashes_.push_back(hash);
    all_.push_back(candidate);
  }
  void add_blocks(model::Value const &value, std::uint32_t number);
  void add_names(model::Value const &value, std::uint32_t number);
  void add_url_forms(Candidate const &candidate, std::string_view asked);
  void add_url(model::Value const &value, std::uint32_t number);

  StoreKey const &key_;
  std::vector<Run const *> runs_, with_blocks_;
  bool has_names_ = false, has_urls_ = false;
  std::vector<std::uint64_t> hashes_;
  std::vector<Candidate> all_;
  std::vector<Form> forms_;
  std::string made_;  // text of a form that is no part of the value asked
};

}  // namespace noroshi::know::engine
