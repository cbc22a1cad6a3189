// The signer's files: made at the first start, and at every other checked against each other.
#pragma once

#include <string>

#include "../refusal.h"
#include "note.h"
#include "state.h"
#include "store.h"

namespace wf::signer {

struct Opened {
  Notary notary;
  State state;
};

/** Refused with EINVAL where a file is missing or contradicts another: never a new start in its place. */
Result<Opened> OpenFiles(const Store& store, const std::string& origin);
Status WriteState(const Store& store, const State& state);

}  // namespace wf::signer
