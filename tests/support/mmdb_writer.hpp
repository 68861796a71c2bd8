// Writes small files in MaxMind's DB format (https://maxmind.github.io/MaxMind-DB/), so that tests have every layout of
// the field without anybody's data.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "model/ip.hpp"

namespace noroshi::test {

/// A text, a number of 16, 32 or 64 bits, a map, or a list of texts.
struct MmdbValue {
  using Map = std::map<std::string, MmdbValue>;
  using List = std::vector<std::string>;
  std::variant<std::string, std::uint16_t, std::uint32_t, std::uint64_t, Map, List> content;

  [[nodiscard]] auto bytes() const -> std::string {
    auto out = std::string{};
    if (auto const *const text = std::get_if<std::string>(&content)) {
      control(out, 2, text->size());
      return out + *text;
    }
    if (auto const *const map = std::get_if<Map>(&content)) {
      control(out, 7, map->size());
      for (auto const &[key, value] : *map) out += MmdbValue{key}.bytes() + value.bytes();
      return out;
    }
    if (auto const *const list = std::get_if<List>(&content)) {
      control(out, 11, list->size());
      for (auto const &text : *list) out += MmdbValue{text}.bytes();
      return out;
    }
    if (auto const *const number = std::get_if<std::uint16_t>(&content)) {
      control(out, 5, 2);
      append_be(out, *number);
    } else if (auto const *const longer = std::get_if<std::uint32_t>(&content)) {
      control(out, 6, 4);
      append_be(out, *longer);
    } else {
      control(out, 9, 8);
      append_be(out, std::get<std::uint64_t>(content));
    }
    return out;
  }

private:
  static void control(std::string &to, unsigned type, std::size_t size) {
    constexpr auto kLongText = std::size_t{29};
    auto const in_byte = std::min(size, kLongText);
    to.push_back(static_cast<char>((type > 7 ? 0 : type << 5) | in_byte));
    if (type > 7) to.push_back(static_cast<char>(type - 7));
    if (size >= kLongText) to.push_back(static_cast<char>(size - kLongText));
  }
};

/// A tree of both families, IPv4 below ::/96, records of 32 bits.
class MmdbWriter {
public:
  void add(std::string_view prefix_text, MmdbValue::Map record) {
    auto const prefix = *model::IpPrefix::parse(prefix_text);
    auto const v4 = prefix.address().is_v4();
    auto const address = v4 ? model::IpAddress{0, prefix.address().low() & 0xffff'ffffU} : prefix.address();
    auto const offset = static_cast<std::uint32_t>(data_.size());
    data_ += MmdbValue{std::move(record)}.bytes();
    auto node = std::uint32_t{0};
    auto const length = prefix.length() + (v4 ? 96U : 0U);
    for (auto bit = 0U; bit < length; ++bit) {
      auto const side = bit < 64 ? (address.high() >> (63 - bit)) & 1 : (address.low() >> (127 - bit)) & 1;
      auto &child = nodes_[node][side];
      if (bit + 1 == length) {
        child = {Child::data, offset};
      } else {
        if (child.kind != Child::node) child = {Child::node, static_cast<std::uint32_t>(nodes_.size())};
        auto const next = child.number;
        if (next == nodes_.size()) nodes_.push_back({});
        node = next;
      }
    }
  }

  [[nodiscard]] auto finish(std::string type) const -> std::string {
    auto const count = static_cast<std::uint32_t>(nodes_.size());
    auto out = std::string{};
    for (auto const &sides : nodes_)
      for (auto const &child : sides)
        append_be(out, child.kind == Child::node   ? child.number
                       : child.kind == Child::data ? count + 16 + child.number
                                                   : count);
    out += std::string(16, '\0') + data_ + "\xab\xcd\xefMaxMind.com";
    return out + MmdbValue{MmdbValue::Map{{"node_count", {count}},
                                          {"record_size", {std::uint16_t{32}}},
                                          {"ip_version", {std::uint16_t{6}}},
                                          {"database_type", {std::move(type)}},
                                          {"languages", {MmdbValue::List{"en"}}},
                                          {"description", {MmdbValue::Map{{"en", {std::string{"synthetic"}}}}}},
                                          {"binary_format_major_version", {std::uint16_t{2}}},
                                          {"binary_format_minor_version", {std::uint16_t{0}}},
                                          {"build_epoch", {std::uint64_t{1'790'000'000}}}}}
                     .bytes();
  }

private:
  struct Child {
    enum Kind : std::uint8_t { empty, node, data } kind = empty;
    std::uint32_t number = 0;
  };
  std::vector<std::array<Child, 2>> nodes_{1};
  std::string data_;
};

}  // namespace noroshi::test
