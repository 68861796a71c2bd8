#include "understand/rules/literals.hpp"

#include <hs/hs.h>

namespace noroshi::understand {
namespace {

auto on_hit(unsigned number, unsigned long long, unsigned long long, unsigned, void *found) -> int {
  static_cast<std::vector<std::uint32_t> *>(found)->push_back(number);
  return 0;
}

}  // namespace

void Literals::Free::operator()(hs_database *database) const { hs_free_database(database); }
void Literals::Scratch::Free::operator()(hs_scratch *scratch) const { hs_free_scratch(scratch); }

auto Literals::create(std::vector<Literal> const &literals, Letters letters) -> Result<Literals> {
  auto compiled = Literals{};
  if (literals.empty()) return compiled;
  auto texts = std::vector<char const *>{};
  auto sizes = std::vector<std::size_t>{};
  auto numbers = std::vector<unsigned>{};
  for (auto const &[text, number] : literals) {
    texts.push_back(text.data());
    sizes.push_back(text.size());
    numbers.push_back(number);
  }
  auto const each = unsigned{HS_FLAG_SINGLEMATCH} | (letters == Letters::any_case ? unsigned{HS_FLAG_CASELESS} : 0U);
  auto const flags = std::vector<unsigned>(literals.size(), each);
  hs_database_t *database = nullptr;
  hs_compile_error_t *error = nullptr;
  auto const status =
      hs_compile_lit_multi(texts.data(), flags.data(), numbers.data(), sizes.data(),
                           static_cast<unsigned>(literals.size()), HS_MODE_BLOCK, nullptr, &database, &error);
  if (status != HS_SUCCESS) {
    auto const sentence = error == nullptr ? std::string{"unknown"} : std::string{error->message};
    hs_free_compile_error(error);
    return fail(ErrorCode::internal, "{} literals of rules cannot be compiled: {}", literals.size(), sentence);
  }
  compiled.database_.reset(database);
  return compiled;
}

auto Literals::prepare(Scratch &scratch) const -> Result<void> {
  if (!database_) return ok;
  auto *grown = scratch.scratch_.release();
  auto const status = hs_alloc_scratch(database_.get(), &grown);  // frees or keeps what it is given
  scratch.scratch_.reset(grown);
  if (status != HS_SUCCESS) return fail(ErrorCode::unavailable, "no memory for matching rules");
  return ok;
}

void Literals::find(std::string_view text, Scratch &scratch, std::vector<std::uint32_t> &found) const {
  if (!database_ || text.empty()) return;
  // Its only failures are wrong use and a callback that stops; both cannot be here.
  (void)hs_scan(database_.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch.scratch_.get(), on_hit,
                &found);
}

}  // namespace noroshi::understand
