#include "base/packs.hpp"

#include <cstdlib>

#include <doctest/doctest.h>

using namespace noroshi;

TEST_CASE("the packs folder named in the environment goes first, and a missing one says where it was looked for") {
  ::setenv("NOROSHI_PACKS", "/somewhere/packs", 1);
  CHECK(packs_folder().value_or("") == "/somewhere/packs");
  ::unsetenv("NOROSHI_PACKS");
  // The test program lies in build/tests, beside no packs.
  auto const missing = packs_folder();
  if (!missing) {
    CHECK(missing.error().code == ErrorCode::not_found);
    CHECK(missing.error().sentence.find("NOROSHI_PACKS") != std::string::npos);
  } else {
    CHECK_FALSE(missing->empty());
  }
}
