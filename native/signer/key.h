// The Ed25519 key. Its seed lies in libcrypto's secure heap: locked, not dumped, wiped when it is given back.
#pragma once

#include <openssl/evp.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "../refusal.h"

namespace wf::signer {

constexpr size_t kSeedBytes = 32;
constexpr size_t kSignatureBytes = 64;

/** Bytes on the secure heap. */
class Secret {
 public:
  explicit Secret(size_t size);
  std::span<uint8_t> bytes() { return {bytes_.get(), size_}; }

 private:
  struct Wipe {
    size_t size;
    void operator()(uint8_t* bytes) const;
  };
  size_t size_;
  std::unique_ptr<uint8_t[], Wipe> bytes_;
};

/** Before anything else of libcrypto. Without it a secret would lie on the ordinary heap. */
Status LockSecrets();
/** Fills with random bytes of the kernel. */
Status Randomize(std::span<uint8_t> bytes);

class Key {
 public:
  static Result<Key> FromSeed(std::span<const uint8_t> seed);
  Result<std::string> Sign(const std::string& text) const;
  const std::string& public_key() const { return public_key_; }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  using Handle = std::unique_ptr<EVP_PKEY, Free>;
  Key(Handle handle, std::string public_key)
      : handle_(std::move(handle)), public_key_(std::move(public_key)) {}

  Handle handle_;
  std::string public_key_;
};

}  // namespace wf::signer
