#include "key.h"

#include <openssl/crypto.h>
#include <sys/random.h>
#include <cstdlib>

namespace wf::signer {
namespace {

constexpr size_t kSecureHeapBytes = 16384;
constexpr size_t kSmallestSecret = 32;
constexpr int kLocked = 1;  // 2: there, but it could not be locked

uint8_t* Allocate(size_t size) {
  void* bytes = OPENSSL_secure_zalloc(size);
  if (bytes == nullptr) std::abort();
  return static_cast<uint8_t*>(bytes);
}

}  // namespace

Secret::Secret(size_t size) : size_(size), bytes_(Allocate(size), Wipe{size}) {}

void Secret::Wipe::operator()(uint8_t* bytes) const { OPENSSL_secure_clear_free(bytes, size); }

Status LockSecrets() {
  // The machine's openssl.cnf may load modules, which have no business here.
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1)
    return Refusal{"libcrypto", ENOMEM, "cannot be initialised"};
  if (CRYPTO_secure_malloc_init(kSecureHeapBytes, kSmallestSecret) != kLocked)
    return Refusal{"lock memory", EPERM, "16 KiB for the key cannot be locked: raise LimitMEMLOCK"};
  return {};
}

Status Randomize(std::span<uint8_t> bytes) {
  // Up to 256 bytes are never cut short once the kernel's pool is ready: getrandom(2).
  ssize_t count = -1;
  do count = getrandom(bytes.data(), bytes.size(), 0);
  while (count < 0 && errno == EINTR);
  if (count < 0) return LastError("getrandom");
  if (static_cast<size_t>(count) != bytes.size())
    return Refusal{"getrandom", EIO, "gave too few bytes"};
  return {};
}

Result<Key> Key::FromSeed(std::span<const uint8_t> seed) {
  Handle handle(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  std::string public_key(kSeedBytes, '\0');
  size_t size = public_key.size();
  if (handle == nullptr ||
      EVP_PKEY_get_raw_public_key(handle.get(), reinterpret_cast<uint8_t*>(public_key.data()),
                                  &size) != 1)
    return Refusal{"use the key", ENOTSUP, "libcrypto does not take it as Ed25519"};
  return Key(std::move(handle), std::move(public_key));
}

Result<std::string> Key::Sign(const std::string& text) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::string signature(kSignatureBytes, '\0');
  size_t size = signature.size();
  // Ed25519 hashes by itself, hence no digest.
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, handle_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(signature.data()), &size,
                     reinterpret_cast<const uint8_t*>(text.data()), text.size()) != 1)
    return Refusal{"sign", ENOTSUP, "libcrypto does not sign with Ed25519"};
  return signature;
}

}  // namespace wf::signer
