#include "note.h"

#include <openssl/evp.h>
#include <algorithm>
#include <cstdio>

namespace wf::signer {
namespace {

constexpr char kEd25519 = 0x01;
constexpr size_t kKeyIdBytes = 4;
constexpr size_t kMaxOriginBytes = 200;

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Hex(std::string_view bytes) {
  std::string text;
  char digits[3];
  for (const uint8_t byte : BytesOf(bytes)) {
    snprintf(digits, sizeof(digits), "%02x", byte);
    text += digits;
  }
  return text;
}

bool IsName(std::string_view name) {
  const auto plain = [](char c) { return c > ' ' && c <= '~' && c != '+'; };
  return !name.empty() && name.size() <= kMaxOriginBytes && std::ranges::all_of(name, plain);
}

}  // namespace

std::string Base64(std::span<const uint8_t> bytes) {
  // EVP_EncodeBlock writes a NUL behind.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

Result<Notary> Notary::Make(Key key, std::string origin) {
  if (!IsName(origin))
    return Refusal{"origin", EINVAL, "must be 1 to 200 ASCII characters without space and plus"};
  return Notary(std::move(key), std::move(origin));
}

Notary::Notary(Key key, std::string origin) : key_(std::move(key)), origin_(std::move(origin)) {
  const std::string typed_key = kEd25519 + key_.public_key();
  const Hash hash = Sha256(BytesOf(origin_ + '\n' + typed_key));
  key_id_.assign(hash.begin(), hash.begin() + kKeyIdBytes);
  vkey_ = origin_ + '+' + Hex(key_id_) + '+' + Base64(BytesOf(typed_key));
}

Result<std::string> Notary::Checkpoint(const TreeHead& head) const {
  return Note(origin_ + '\n' + std::to_string(head.size) + '\n' + Base64(head.root) + '\n');
}

Result<std::string> Notary::Heartbeat(uint64_t number, const Hash& digest) const {
  return Note(origin_ + "/heartbeat\n" + std::to_string(number) + '\n' + Base64(digest) + '\n');
}

Result<std::string> Notary::Note(const std::string& body) const {
  Result<std::string> signature = key_.Sign(body);
  if (!signature.ok()) return signature.refusal();
  constexpr const char* kEmDash = "\xE2\x80\x94";
  const std::string signed_by = Base64(BytesOf(key_id_ + signature.value()));
  return body + '\n' + kEmDash + ' ' + origin_ + ' ' + signed_by + '\n';
}

}  // namespace wf::signer
