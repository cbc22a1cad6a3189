#include "state.h"

#include <openssl/evp.h>
#include <algorithm>
#include <charconv>

namespace wf::signer {
namespace {

constexpr size_t kEncodedHash = 44;  // of base64

Refusal Bad(std::string why) { return {"state", EINVAL, std::move(why)}; }

std::string_view TakeLine(std::string_view* text) {
  const size_t end = std::min(text->find('\n'), text->size());
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return line;
}

/** False: not base64 of 32 bytes. What is more than one way to write it is left to the caller. */
bool ReadHash(std::string_view line, Hash* hash) {
  if (line.size() != kEncodedHash) return false;
  std::array<uint8_t, kEncodedHash / 4 * 3> decoded;
  const int size = EVP_DecodeBlock(decoded.data(), reinterpret_cast<const uint8_t*>(line.data()),
                                   static_cast<int>(line.size()));
  if (size != static_cast<int>(decoded.size())) return false;
  std::copy_n(decoded.begin(), hash->size(), hash->begin());
  return true;
}

bool ReadSize(std::string_view line, uint64_t* size) {
  const char* end = line.data() + line.size();
  const auto read = std::from_chars(line.data(), end, *size);
  return read.ec == std::errc() && read.ptr == end;
}

}  // namespace

std::string State::Text() const {
  std::string text = note + '\n';
  for (const Hash& hash : range) text += Base64(hash) + '\n';
  return text;
}

Result<State> State::Make(const Notary& notary, const TreeHead& head, const Hashes& range) {
  Result<std::string> note = notary.Checkpoint(head);
  if (!note.ok()) return note.refusal();
  return State{head, range, std::move(note.value())};
}

Result<State> State::Parse(const Notary& notary, std::string_view text) {
  std::string_view rest = text;
  if (TakeLine(&rest) != notary.origin()) return Bad("is of another origin");
  TreeHead head = {};
  if (!ReadSize(TakeLine(&rest), &head.size) || !ReadHash(TakeLine(&rest), &head.root))
    return Bad("is not a checkpoint");
  // An empty line, the signature, another empty line: compared below.
  for (int i = 0; i < 3; ++i) TakeLine(&rest);
  Hashes range;
  while (!rest.empty()) {
    Hash hash;
    if (range.size() == kMaxHashes || !ReadHash(TakeLine(&rest), &hash))
      return Bad("has a range that is none");
    range.push_back(hash);
  }
  if (FoldRange(head.size, range) != head.root) return Bad("has a range that is not its root's");

  // Ed25519 is deterministic: the same key writes the same bytes, and no other key does.
  Result<State> state = Make(notary, head, range);
  if (!state.ok()) return state.refusal();
  if (state.value().Text() != text) return Bad("was not written by this key");
  return state;
}

bool State::IsUnused(std::string_view text) {
  TakeLine(&text);
  return TakeLine(&text) == "0";
}

}  // namespace wf::signer
