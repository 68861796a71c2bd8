#include "codec/fetched_urls.hpp"

#include <algorithm>
#include <array>

namespace noroshi::codec {
namespace {

struct Fetcher {
  std::string_view program;
  std::string_view with_argument;  // one-letter options whose argument is the next word
};
constexpr auto kFetchers = std::to_array<Fetcher>({{"curl", "oHdXAuTmbeF"},
                                                   {"wget", "OUtTPoeai"},
                                                   {"fetch", "oTw"},
                                                   {"lwp-download", ""},
                                                   {"lynx", ""},
                                                   {"ftpget", "upP"}});

/// What ends a simple command, or a word's quoting: enough to find words in any text.
constexpr auto kEndsCommand = std::string_view{"\n\r;|&()`<>{}\0", 13};
constexpr auto kBetweenWords = std::string_view{" \t\"'"};

auto next_word(std::string_view &command) -> std::string_view {
  auto const begin = std::min(command.find_first_not_of(kBetweenWords), command.size());
  command.remove_prefix(begin);
  auto const word = command.substr(0, command.find_first_of(kBetweenWords));
  command.remove_prefix(word.size());
  return word;
}

auto fetcher_of(std::string_view word) -> Fetcher const * {
  auto const name = word.substr(word.rfind('/') + 1);  // npos + 1 is 0
  auto const found = std::ranges::find(kFetchers, name, &Fetcher::program);
  return found == kFetchers.end() ? nullptr : &*found;
}

auto has_scheme(std::string_view word) -> bool {
  auto const mark = word.find("://");
  return mark != std::string_view::npos && mark > 0 && mark + 3 < word.size();
}

/// "192.0.2.1/x", "host.example:8080/x": what the programs take for a URL without a scheme.
auto looks_like_host(std::string_view word) -> bool {
  auto const host = word.substr(0, word.find_first_of("/:"));
  return host.find('.') != std::string_view::npos && host.front() != '.' && host.front() != '$';
}

void add(std::string url, std::vector<std::string> &urls) {
  if (urls.size() < kMaxFetchedUrls && std::ranges::find(urls, url) == urls.end()) urls.push_back(std::move(url));
}

/// The words behind a fetching program, up to the end of its command.
void read_arguments(std::string_view rest, Fetcher const &fetcher, std::vector<std::string> &urls) {
  auto bare = std::string_view{};
  auto found = false;
  for (auto word = next_word(rest); !word.empty(); word = next_word(rest)) {
    if (word.size() == 2 && word[0] == '-' && fetcher.with_argument.find(word[1]) != std::string_view::npos) {
      (void)next_word(rest);
    } else if (has_scheme(word) && !word.starts_with('-')) {
      add(std::string{word}, urls);
      found = true;
    } else if (bare.empty() && !word.starts_with('-') && looks_like_host(word)) {
      bare = word;
    }
  }
  if (!found && !bare.empty()) add("http://" + std::string{bare}, urls);
}

}  // namespace

auto fetched_urls(std::string_view text) -> std::vector<std::string> {
  text = text.substr(0, kMaxFetchText);
  auto urls = std::vector<std::string>{};
  while (!text.empty() && urls.size() < kMaxFetchedUrls) {
    auto const end = std::min(text.find_first_of(kEndsCommand), text.size());
    auto command = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    for (auto word = next_word(command); !word.empty(); word = next_word(command)) {
      auto const *const fetcher = fetcher_of(word);
      if (fetcher == nullptr) continue;
      read_arguments(command, *fetcher, urls);
      break;
    }
  }
  return urls;
}

}  // namespace noroshi::codec
