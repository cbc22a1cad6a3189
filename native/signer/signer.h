// What may be signed. It holds the key and the state, and lets the state run ahead of every note it gives out.
#pragma once

#include <cstdint>
#include <string>

#include "../refusal.h"
#include "note.h"
#include "state.h"
#include "store.h"
#include "tree.h"

namespace wf::signer {

struct CheckpointRequest {
  TreeHead head;
  uint64_t old_size;
  Hashes proof;
  Hashes range;
};

enum class Outcome : uint8_t {
  kOk = 0,
  /** It contradicts what was signed before. */
  kInconsistent = 1,
  /** It could never be signed. */
  kInvalid = 2,
  /** The machine refused, such as a full disk; it may be asked again. */
  kFailed = 3,
};

/** `text`: the note, or with kFailed what refused; else empty. */
struct Answer {
  Outcome outcome;
  std::string text = {};
};

class Signer {
 public:
  /** At the first start it makes the key. Refused where what is there does not fit together. */
  static Result<Signer> Open(Store store, const std::string& origin);

  Answer Checkpoint(const CheckpointRequest& request);
  Answer Heartbeat(uint64_t number, const Hash& digest) const;
  const State& state() const { return state_; }
  const std::string& vkey() const { return notary_.vkey(); }

 private:
  Signer(Store store, Notary notary, State state)
      : store_(std::move(store)), notary_(std::move(notary)), state_(std::move(state)) {}

  Store store_;
  Notary notary_;
  State state_;
};

}  // namespace wf::signer
