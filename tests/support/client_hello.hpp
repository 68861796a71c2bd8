// Writes a ClientHello from lists, so that tests and fixtures say what is in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace noroshi::test {

inline auto list16(std::vector<std::uint16_t> const &values) -> std::string {
  auto bytes = std::string{};
  append_be(bytes, static_cast<std::uint16_t>(values.size() * 2));
  for (auto const value : values) append_be(bytes, value);
  return bytes;
}

inline auto behind_length16(std::string_view inside) -> std::string {
  auto bytes = std::string{};
  append_be(bytes, static_cast<std::uint16_t>(inside.size()));
  return bytes.append(inside);
}

inline auto server_name(std::string_view name) -> std::string {
  return behind_length16(std::string(1, '\0') + behind_length16(name));
}

inline auto alpn(std::vector<std::string> const &names) -> std::string {
  auto bytes = std::string{};
  for (auto const &name : names) bytes += static_cast<char>(name.size()) + name;
  return behind_length16(bytes);
}

using Extensions = std::vector<std::pair<std::uint16_t, std::string>>;

/// The handshake message.
inline auto client_hello(std::uint16_t version, std::vector<std::uint16_t> const &ciphers, Extensions const &extensions)
    -> std::string {
  auto body = std::string{};
  append_be(body, version);
  body += std::string(32, 'r');
  body += '\0';  // no session id
  body += list16(ciphers);
  body += std::string{"\1\0", 2};  // no compression
  auto all = std::string{};
  for (auto const &[type, value] : extensions) {
    append_be(all, type);
    all += behind_length16(value);
  }
  if (!extensions.empty()) body += behind_length16(all);
  auto message = std::string{};
  append_be(message, static_cast<std::uint32_t>(0x0100'0000U | body.size()));
  return message + body;
}

/// In handshake records of at most `most` bytes.
inline auto in_records(std::string_view message, std::size_t most = 16'384) -> std::string {
  auto records = std::string{};
  for (auto at = std::size_t{0}; at < message.size(); at += most)
    records += std::string{"\x16\x03\x01"} + behind_length16(message.substr(at, most));
  return records;
}

/// A client's usual hello, with GREASE, as the fingerprints' descriptions show one.
inline auto usual_hello(std::string_view name) -> std::string {
  return client_hello(0x0303,
                      {0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
                       0x009c, 0x009d, 0x002f, 0x0035},
                      {{0x3a3a, ""},
                       {0, server_name(name)},
                       {0x0017, ""},
                       {0xff01, std::string(1, '\0')},
                       {0x000a, list16({0x4a4a, 0x001d, 0x0017, 0x0018})},
                       {0x000b, std::string{"\1\0", 2}},
                       {0x0023, ""},
                       {0x0010, alpn({"h2", "http/1.1"})},
                       {0x0005, std::string{"\1\0\0\0\0", 5}},
                       {0x000d, list16({0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601})},
                       {0x0012, ""},
                       {0x0033, ""},
                       {0x002d, std::string{"\1\1", 2}},
                       {0x002b, std::string{"\6\x5a\x5a\3\4\3\3", 7}},
                       {0x001b, std::string{"\2\0\2", 3}},
                       {0x4469, ""},
                       {0x6a6a, std::string(1, '\0')},
                       {0x0015, std::string(8, '\0')}});
}

}  // namespace noroshi::test
