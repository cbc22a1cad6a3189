// RFC 6962: hashes of a Merkle tree's nodes, its root from a range, and consistency of two trees.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace wf::signer {

using Hash = std::array<uint8_t, 32>;
/** Perfect subtrees of a tree's left edge, largest first; or the hashes of a proof. */
using Hashes = std::vector<Hash>;

/** A tree of 64-bit size has no more levels than that. */
constexpr size_t kMaxHashes = 64;

Hash Sha256(std::span<const uint8_t> bytes);
/** The root of the tree without leaves. */
Hash EmptyRoot();
/** The root of the tree of this size; nothing where the number of hashes does not fit it. */
std::optional<Hash> FoldRange(uint64_t size, const Hashes& range);

struct TreeHead {
  uint64_t size;
  Hash root;
};
/** RFC 6962 2.1.2, checked as RFC 9162 2.1.4.2 says. */
bool IsConsistent(const TreeHead& older, const TreeHead& newer, const Hashes& proof);

}  // namespace wf::signer
