#include "tree.h"

#include <openssl/evp.h>
#include <algorithm>
#include <bit>
#include <cstdlib>

namespace wf::signer {
namespace {

constexpr uint8_t kNodePrefix = 0x01;

Hash NodeHash(const Hash& left, const Hash& right) {
  std::array<uint8_t, 1 + 2 * sizeof(Hash)> node;
  node[0] = kNodePrefix;
  std::copy(left.begin(), left.end(), node.begin() + 1);
  std::copy(right.begin(), right.end(), node.begin() + 1 + sizeof(Hash));
  return Sha256(node);
}

/** Which node of the last level the walk is at, in the older tree and in the newer. */
struct Place {
  uint64_t older;
  uint64_t newer;

  void Up() {
    older >>= 1;
    newer >>= 1;
  }
};

}  // namespace

Hash Sha256(std::span<const uint8_t> bytes) {
  Hash hash;
  // Fails only without memory, and a hash that is none must not be signed.
  if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
    std::abort();
  return hash;
}

Hash EmptyRoot() { return Sha256({}); }

std::optional<Hash> FoldRange(uint64_t size, const Hashes& range) {
  if (range.size() != static_cast<size_t>(std::popcount(size))) return std::nullopt;
  if (range.empty()) return EmptyRoot();
  Hash root = range.back();
  for (size_t i = range.size() - 1; i > 0; --i) root = NodeHash(range[i - 1], root);
  return root;
}

bool IsConsistent(const TreeHead& older, const TreeHead& newer, const Hashes& proof) {
  if (older.size > newer.size) return false;
  if (older.size == newer.size) return proof.empty() && older.root == newer.root;
  if (older.size == 0) return proof.empty();

  // A perfect older tree is itself the first node, and so the proof leaves it out.
  const bool perfect = std::has_single_bit(older.size);
  if (!perfect && proof.empty()) return false;
  Hash old_root = perfect ? older.root : proof.front();
  Hash new_root = old_root;
  Place place = {older.size - 1, newer.size - 1};
  while ((place.older & 1) != 0) place.Up();
  for (size_t i = perfect ? 0 : 1; i < proof.size(); ++i) {
    if (place.newer == 0) return false;
    if ((place.older & 1) != 0 || place.older == place.newer) {
      old_root = NodeHash(proof[i], old_root);
      new_root = NodeHash(proof[i], new_root);
      while ((place.older & 1) == 0 && place.older != 0) place.Up();
    } else {
      new_root = NodeHash(new_root, proof[i]);
    }
    place.Up();
  }
  return place.newer == 0 && old_root == older.root && new_root == newer.root;
}

}  // namespace wf::signer
