// wget, curl, tftp, ftpget: the address is what we want; nothing is fetched, and the answer is a failure that happens.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "sense/shell.hpp"

namespace noroshi::sense {
namespace {

/// The first word that is neither an option nor the argument of one of `with_argument`.
auto first_plain(std::vector<std::string> const &words, std::string_view with_argument) -> std::optional<std::string> {
  for (auto i = std::size_t{1}; i < words.size(); ++i) {
    auto const &word = words[i];
    if (!word.starts_with('-')) return word;
    if (word.size() == 2 && with_argument.find(word[1]) != std::string_view::npos) ++i;
  }
  return std::nullopt;
}

auto option(std::vector<std::string> const &words, std::string_view name) -> std::string {
  for (auto i = std::size_t{1}; i + 1 < words.size(); ++i)
    if (words[i] == name) return words[i + 1];
  return {};
}

auto with_scheme(std::string_view url, std::string_view scheme) -> std::string {
  return url.find("://") == std::string_view::npos ? fmt::format("{}://{}", scheme, url) : std::string{url};
}

/// "host" of "scheme://host:port/path".
auto host_of(std::string_view url) -> std::string_view {
  url.remove_prefix(std::min(url.find("://") + 3, url.size()));
  return url.substr(0, url.find_first_of(":/"));
}

}  // namespace

void Shell::note_download(Call &call, std::string_view url) {
  auto command = fmt::format("{}", fmt::join(call.words, " "));
  auto seen = model::Observation{};
  seen.kind = model::Kind::download;
  seen.set(model::Field::url, url).set(model::Field::command, std::string_view{command});
  call.visit.note(seen);
}

auto Shell::wget(Call &call) -> int {
  auto const url = first_plain(call.words, "OPTUYoq");
  if (!url) {
    call.output = machine_.busybox +
                  " multi-call binary.\n\nUsage: wget [-c|--continue] [-s|--spider] [-q|--quiet] [-O FILE] URL...\n";
    return 1;
  }
  auto const whole = with_scheme(*url, "http");
  note_download(call, whole);
  auto const host = host_of(whole);
  call.output =
      fmt::format("Connecting to {0} ({0}:80)\nwget: can't connect to remote host ({0}): Connection timed out\n", host);
  return 1;
}

auto Shell::curl(Call &call) -> int {
  auto const url = first_plain(call.words, "oHdXAuTm");
  if (!url) {
    call.output = "curl: try 'curl --help' for more information\n";
    return 2;
  }
  auto const whole = with_scheme(*url, "http");
  note_download(call, whole);
  call.output = fmt::format("curl: (28) Failed to connect to {} port 80: Connection timed out\n", host_of(whole));
  return 28;
}

/// tftp -g -r FILE HOST [PORT], also "-l LOCAL" and, of other implementations, "HOST -c get FILE".
auto Shell::tftp(Call &call) -> int {
  auto const host = first_plain(call.words, "lrb");
  auto file = option(call.words, "-r");
  if (file.empty()) file = option(call.words, "get");
  if (file.empty()) file = option(call.words, "-l");
  if (!host || file.empty()) {
    call.output = machine_.busybox + " multi-call binary.\n\nUsage: tftp [OPTIONS] HOST [PORT]\n";
    return 1;
  }
  note_download(call, fmt::format("tftp://{}/{}", *host, file));
  call.output = "tftp: timeout\n";
  return 1;
}

/// ftpget [-u USER] [-p PASSWORD] [-P PORT] HOST [LOCAL] REMOTE
auto Shell::ftpget(Call &call) -> int {
  auto const host = first_plain(call.words, "upP");
  if (!host || *host == call.words.back()) {
    call.output = machine_.busybox + " multi-call binary.\n\nUsage: ftpget [OPTIONS] HOST [LOCAL_FILE] REMOTE_FILE\n";
    return 1;
  }
  note_download(call, fmt::format("ftp://{}/{}", *host, call.words.back()));
  call.output = fmt::format("ftpget: can't connect to remote host ({}): Connection timed out\n", *host);
  return 1;
}

}  // namespace noroshi::sense
