// Names on a host that their makers chose freely: files, mutexes, user agents; and keys of the Windows registry.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/canonical.hpp"
#include "model/characters.hpp"
#include "model/value.hpp"

namespace noroshi::model {

namespace {

struct Hive {
  std::string_view written, name;
};
// As reg.exe, PowerShell, reports and the kernel write them.
constexpr auto kHives = std::to_array<Hive>({
    {"hklm", "hkey_local_machine"},
    {"hkey_local_machine", "hkey_local_machine"},
    {"hkcu", "hkey_current_user"},
    {"hkey_current_user", "hkey_current_user"},
    {"hkcr", "hkey_classes_root"},
    {"hkey_classes_root", "hkey_classes_root"},
    {"hku", "hkey_users"},
    {"hkus", "hkey_users"},
    {"hkey_users", "hkey_users"},
    {"hkcc", "hkey_current_config"},
    {"hkey_current_config", "hkey_current_config"},
    {"hkey_performance_data", "hkey_performance_data"},
    {"registry\\machine", "hkey_local_machine"},
    {"registry\\user", "hkey_users"},
});
/// What Windows' own tools write in front of a hive.
constexpr auto kBeforeHives = std::to_array<std::string_view>(
    {"computer\\", "コンピューター\\", "コンピュータ\\", "registry::", "microsoft.powershell.core\\registry::"});

auto refuse(std::string_view text, std::string_view why) -> Error {
  return fail(ErrorCode::malformed, "{} is not {}", quoted(text), why);
}

/// The second range of control characters too: terminals obey U+009B.
auto has_control(std::string_view text) -> bool {
  while (!text.empty()) {
    auto const step = utf8_step(text);
    if (step.code_point < 0x20 || (step.code_point >= 0x7f && step.code_point < 0xa0)) return true;
    text.remove_prefix(step.size);
  }
  return false;
}

/// In Japanese fonts and on Japanese keyboards the backslash is a yen sign.
auto without_yen(std::string_view text) -> std::string {
  auto plain = std::string{};
  while (!text.empty()) {
    auto const step = utf8_step(text);
    auto const is_backslash = step.code_point == 0xa5 || step.code_point == 0xffe5 || step.code_point == 0xff3c;
    plain += is_backslash ? "\\" : text.substr(0, step.size);
    text.remove_prefix(step.size);
  }
  return plain;
}

/// Lower case, one backslash between two keys, none at the ends. A slash is one only where there is no backslash: keys
/// may be named "application/pdf".
auto normal_path(std::string_view text) -> std::string {
  auto const written = without_yen(text);
  auto const separator = written.contains('\\') ? '\\' : '/';
  auto path = std::string{};
  for (auto const character : written) {
    auto const plain = character == separator ? '\\' : lower(character);
    if (plain != '\\' || (!path.empty() && !path.ends_with('\\'))) path += plain;
  }
  path.resize(path.find_last_not_of("\\ ") + 1);
  return path;
}

/// The hive that a normal path begins with, and what is below it; an empty name where there is none.
struct Split {
  std::string_view hive, below;
};
auto split_hive(std::string_view path) -> Split {
  for (auto again = true; again;) {
    again = false;
    for (auto const before : kBeforeHives)
      if (path.starts_with(before)) path.remove_prefix(before.size()), again = true;
    if (path.starts_with('\\')) path.remove_prefix(1), again = true;
  }
  for (auto const &hive : kHives) {
    if (!path.starts_with(hive.written)) continue;
    auto rest = path.substr(hive.written.size());
    if (rest.starts_with(':')) rest.remove_prefix(1);  // PowerShell's drives
    if (rest.size() > 1 && rest.starts_with('\\')) return {hive.name, rest.substr(1)};
  }
  return {};
}

}  // namespace

auto canonical_name(std::string_view text, std::string_view what) -> Result<std::string> {
  auto const name = unquoted(text);
  if (name.empty() || !is_utf8(name) || has_control(name))
    return refuse(text, fmt::format("{}: it is empty, not UTF-8, or has control characters", what));
  return std::string{name};
}

auto canonical_registry_key(std::string_view text) -> Result<std::string> {
  auto bare = unquoted(text);
  if (bare.size() > 2 && bare.starts_with('[') && bare.ends_with(']'))  // as in .reg files
    bare = unquoted(bare.substr(1, bare.size() - 2));
  auto form = normal_path(bare);
  auto const [hive, below] = split_hive(form);
  if (!hive.empty()) form = fmt::format("{}\\{}", hive, below);
  if (!form.contains('\\') || unquoted(form) != form || form.starts_with('[') || !is_utf8(form) || has_control(form))
    return refuse(text, "a key of the registry: a hive and keys, with backslashes between them");
  if (form.size() > kMaxValueBytes)
    return fail(ErrorCode::too_large, "the key {} has more than {} bytes", quoted(form), kMaxValueBytes);
  return form;
}

auto looks_like_registry_key(std::string_view text) -> bool {
  constexpr auto kLongest = std::size_t{80};  // the longest way to begin, by far
  // Nearly all other values are told apart here: by their first letter, and by having neither separator nor yen sign.
  static constexpr auto kFirst = CharacterSet{"hHcCrRmM[\\\xe3"};
  static constexpr auto kSeparators = CharacterSet{"\\/\xc2\xef"};
  if (text.empty() || !kFirst.contains(text.front())) return false;
  auto const begin = text.substr(0, std::min(text.size(), kLongest));
  if (std::ranges::none_of(begin, [](char c) { return kSeparators.contains(c); })) return false;
  auto const bare = begin.starts_with('[') ? begin.substr(1) : begin;
  return !split_hive(normal_path(bare)).hive.empty();
}

}  // namespace noroshi::model
