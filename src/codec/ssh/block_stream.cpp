#include "codec/ssh/block_stream.hpp"

#include <algorithm>

#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <nettle/ctr.h>
#include <nettle/des.h>

namespace noroshi::codec::ssh {
namespace {

/// `kMode`: what nettle does with one block after the other.
template <class Context, auto kSetKey, auto kCrypt, std::size_t kBlock, auto kMode>
void nettle(std::uint8_t const *key, std::uint8_t *state, std::uint8_t *bytes, std::size_t size) {
  auto context = Context{};
  kSetKey(&context, key);
  auto const crypt = [](void const *with, std::size_t count, std::uint8_t *to, std::uint8_t const *from) {
    kCrypt(static_cast<Context const *>(with), count, to, from);
  };
  kMode(&context, crypt, kBlock, state, size, bytes, bytes);
}

template <class Context, auto kSetKey, auto kEncrypt, std::size_t kBlock>
auto counting(std::string_view name, std::size_t key) -> BlockForm {
  constexpr auto run = &nettle<Context, kSetKey, kEncrypt, kBlock, &::nettle_ctr_crypt>;
  return {name, key, kBlock, run, run};
}

template <class Context, auto kSetEncrypt, auto kEncrypt, auto kSetDecrypt, auto kDecrypt, std::size_t kBlock>
auto chaining(std::string_view name, std::size_t key) -> BlockForm {
  return {name, key, kBlock, &nettle<Context, kSetEncrypt, kEncrypt, kBlock, &::nettle_cbc_encrypt>,
          &nettle<Context, kSetDecrypt, kDecrypt, kBlock, &::nettle_cbc_decrypt>};
}

}  // namespace

auto block_forms() -> std::vector<BlockForm> const & {
  static auto const forms = std::vector<BlockForm>{
      counting<aes128_ctx, &::aes128_set_encrypt_key, &::aes128_encrypt, AES_BLOCK_SIZE>("aes128-ctr", AES128_KEY_SIZE),
      counting<aes192_ctx, &::aes192_set_encrypt_key, &::aes192_encrypt, AES_BLOCK_SIZE>("aes192-ctr", AES192_KEY_SIZE),
      counting<aes256_ctx, &::aes256_set_encrypt_key, &::aes256_encrypt, AES_BLOCK_SIZE>("aes256-ctr", AES256_KEY_SIZE),
      // What devices with older servers have, and nobody else.
      chaining<aes128_ctx, &::aes128_set_encrypt_key, &::aes128_encrypt, &::aes128_set_decrypt_key, &::aes128_decrypt,
               AES_BLOCK_SIZE>("aes128-cbc", AES128_KEY_SIZE),
      chaining<aes256_ctx, &::aes256_set_encrypt_key, &::aes256_encrypt, &::aes256_set_decrypt_key, &::aes256_decrypt,
               AES_BLOCK_SIZE>("aes256-cbc", AES256_KEY_SIZE),
      counting<des3_ctx, &::des3_set_key, &::des3_encrypt, DES_BLOCK_SIZE>("3des-ctr", DES3_KEY_SIZE),
      chaining<des3_ctx, &::des3_set_key, &::des3_encrypt, &::des3_set_key, &::des3_decrypt, DES_BLOCK_SIZE>(
          "3des-cbc", DES3_KEY_SIZE),
  };
  return forms;
}

BlockStream::BlockStream(BlockForm const &form, Keys const &keys, Direction direction)
    : run_(direction == Direction::out ? form.out : form.in) {
  std::ranges::copy(keys.cipher, key_.begin());
  std::ranges::copy(keys.iv, state_.begin());
}

}  // namespace noroshi::codec::ssh
