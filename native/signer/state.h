// What the signer must not forget: the last checkpoint it signed, and the tree's range.
#pragma once

#include <string>
#include <string_view>

#include "../refusal.h"
#include "note.h"
#include "tree.h"

namespace wf::signer {

constexpr size_t kMaxStateBytes = 8192;

struct State {
  TreeHead head;
  Hashes range;
  /** The signed checkpoint; before the first, one of the empty tree, which is given to nobody. */
  std::string note;

  /** The content of the file `state`. */
  std::string Text() const;
  static Result<State> Make(const Notary& notary, const TreeHead& head, const Hashes& range);
  /** Refused unless this key, under this origin, would write just these bytes. */
  static Result<State> Parse(const Notary& notary, std::string_view text);
  /** Whether this content says that nothing was signed yet, by whatever key. */
  static bool IsUnused(std::string_view text);
};

}  // namespace wf::signer
