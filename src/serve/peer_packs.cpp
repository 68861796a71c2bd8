#include "serve/peer_packs.hpp"

#include <algorithm>
#include <filesystem>

#include "base/file.hpp"
#include "base/log.hpp"
#include "codec/enrolment_code.hpp"

namespace noroshi::serve {

namespace {

// Operators edit personas by hand; sensors hear of it within this and their next word with the node.
constexpr auto kLookAgain = std::chrono::seconds{3};
constexpr auto kMaxNameBytes = std::size_t{64};

}  // namespace

auto is_pack_name(std::string_view name) -> bool {
  auto const plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  return name.size() <= kMaxNameBytes && name.ends_with(".toml") && !name.starts_with('.') &&
         std::ranges::all_of(name, plain);
}

auto PeerPacks::list() -> std::shared_ptr<PackList const> {
  auto const lock = std::lock_guard{mutex_};
  auto const now = std::chrono::steady_clock::now();
  if (known_ && now - read_at_ < kLookAgain) return known_;
  known_ = std::make_shared<PackList const>(read());
  read_at_ = now;
  return known_;
}

auto PeerPacks::read() const -> PackList {
  auto list = PackList{{}, "0"};
  auto error = std::error_code{};
  for (auto const &entry : std::filesystem::directory_iterator{folder_, error}) {
    auto const name = entry.path().filename().string();
    if (!is_pack_name(name)) continue;
    auto content = read_file(entry.path().string(), kMaxPackBytes);
    if (!content || list.packs.size() == kMaxPacks) {
      log_warning("{} is not handed to sensors: {}", entry.path().string(),
                  content ? fmt::format("more than {} packs", kMaxPacks) : content.error().sentence);
      continue;
    }
    auto hash = codec::sha256(*content).to_string();
    list.packs.push_back({name, std::move(hash), *std::move(content)});
  }
  std::ranges::sort(list.packs, {}, &Pack::name);
  auto all = std::string{};
  for (auto const &pack : list.packs) all += pack.name + "\n" + pack.sha256 + "\n";
  if (!all.empty()) list.digest = codec::sha256(all).to_string().substr(0, 16);
  return list;
}

}  // namespace noroshi::serve
