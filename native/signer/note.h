// C2SP signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint). Only what is composed here is ever signed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "../refusal.h"
#include "key.h"
#include "tree.h"

namespace wf::signer {

std::string Base64(std::span<const uint8_t> bytes);

/** The key under its name, which is the origin of all it signs. */
class Notary {
 public:
  /** Nothing is a name that a note or a verifier key could be misread by: ASCII without space and plus. */
  static Result<Notary> Make(Key key, std::string origin);

  Result<std::string> Checkpoint(const TreeHead& head) const;
  Result<std::string> Heartbeat(uint64_t number, const Hash& digest) const;
  /** C2SP verifier key, one line without its end. */
  const std::string& vkey() const { return vkey_; }
  const std::string& origin() const { return origin_; }

 private:
  Notary(Key key, std::string origin);
  /** `body`: lines, each with its end. */
  Result<std::string> Note(const std::string& body) const;

  Key key_;
  std::string origin_;
  std::string key_id_;
  std::string vkey_;
};

}  // namespace wf::signer
