// Parts that announce themselves: one registry per interface, filled before main by the last line of each part's file.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace noroshi {

/// All parts that implement Interface, by name, in alphabetical order. Filled during static initialisation, read-only
/// afterwards, so it needs no lock.
template <class Interface>
class Registry {
public:
  using Factory = std::function<std::unique_ptr<Interface>()>;

  static auto instance() -> Registry & {
    static auto registry = Registry{};
    return registry;
  }

  void add(std::string name, Factory factory) { factories_.insert_or_assign(std::move(name), std::move(factory)); }

  /// A new part of that name, or nullptr where none is registered.
  [[nodiscard]] auto create(std::string_view name) const -> std::unique_ptr<Interface> {
    auto const found = factories_.find(name);
    return found == factories_.end() ? nullptr : found->second();
  }

  [[nodiscard]] auto contains(std::string_view name) const -> bool { return factories_.contains(name); }

  [[nodiscard]] auto names() const -> std::vector<std::string> {
    auto names = std::vector<std::string>{};
    for (auto const &[name, factory] : factories_) names.push_back(name);
    return names;
  }

private:
  std::map<std::string, Factory, std::less<>> factories_;
};

/// `Registered<Decoy, RedisDecoy> const redis{"redis"};` as the last line of a part's file.
template <class Interface, class Part>
struct Registered {
  explicit Registered(std::string_view name) {
    Registry<Interface>::instance().add(std::string{name}, [] { return std::make_unique<Part>(); });
  }
};

}  // namespace noroshi
