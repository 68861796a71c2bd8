// Lists that grow are answered a page at a time: `limit`, and the `next` of one answer as the `cursor` of the following
// question. What is added meanwhile never makes an entry come twice or not at all.
#pragma once

#include "codec/json_writer.hpp"
#include "model/ports/catalogue.hpp"
#include "net/http.hpp"
#include "serve/description.hpp"

namespace noroshi::serve {

/// Entries of one answer where nothing else is asked, and at most.
inline constexpr auto kUsualPage = std::size_t{100};
inline constexpr auto kLargestPage = std::size_t{10'000};

auto paging_parameters() -> std::vector<Parameter>;

/// Malformed where `limit` is no number above 0 or `cursor` is none of ours.
auto page_of(net::HttpRequest const &request) -> Result<model::Page>;

/// The store is asked for one entry more than the page holds: whether there is one tells whether there is a next page.
auto with_one_more(model::Page page) -> model::Page;

/// Cuts the extra entry off and writes `next` behind the list: null on the last page. `id_of` gives an entry's id.
template <class Entry, class IdOf>
auto cut_page(std::vector<Entry> &entries, model::Page page, IdOf id_of) -> std::optional<std::string> {
  if (entries.size() <= page.limit) return std::nullopt;
  entries.resize(page.limit);
  return fmt::format("{:x}", id_of(entries.back()));
}

}  // namespace noroshi::serve
