// A refusal as a line for the operator.
#pragma once

#include <cstring>
#include <string>

#include "../refusal.h"

namespace wf::signer {

inline std::string Explain(const Refusal& refusal) {
  const std::string why = refusal.detail.empty() ? strerror(refusal.error) : refusal.detail;
  return refusal.operation + ": " + why;
}

}  // namespace wf::signer
