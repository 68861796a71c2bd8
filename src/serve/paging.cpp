#include "serve/paging.hpp"

#include <charconv>

#include "serve/body.hpp"

namespace noroshi::serve {

auto paging_parameters() -> std::vector<Parameter> {
  return {{"limit", In::query, kCount, "entries of one answer: 100 where it is not said, 10,000 at most"},
          {"cursor", In::query, kText, "the `next` of the answer before"}};
}

auto page_of(net::HttpRequest const &request) -> Result<model::Page> {
  auto page = model::Page{.limit = kUsualPage};
  if (auto const text = request.parameter("limit"); !text.empty()) {
    TRY(auto const limit, parse_number("limit", text));
    if (limit == 0) return fail(ErrorCode::malformed, "limit: a page holds at least one entry");
    page.limit = static_cast<std::size_t>(std::min<std::uint64_t>(limit, kLargestPage));
  }
  if (auto const text = request.parameter("cursor"); !text.empty()) {
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), page.before, 16);
    if (error != std::errc{} || end != text.data() + text.size() || page.before < 0)
      return fail(ErrorCode::malformed, "cursor: \"{}\" is none of this node's; send the `next` of the answer before",
                  text.substr(0, 40));
  }
  return page;
}

auto with_one_more(model::Page page) -> model::Page {
  ++page.limit;
  return page;
}

}  // namespace noroshi::serve
