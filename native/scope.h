// The maps that say who is watched: candidates, scope, verdicts, tunables.
#pragma once

#include <bpf/libbpf.h>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "refusal.h"
#include "wire/wire.h"

namespace wf {

wf_process_key ProcessKey(uint32_t tgid, uint64_t start_ns);

class Scope {
 public:
  /** Finds the maps of a loaded object. */
  static Result<Scope> Of(const bpf_object* object);

  Status SetTunables(const wf_tunables& tunables);
  /** Replaces the whole set; what stays is never missing in between. */
  Status SetCandidates(const std::vector<std::string>& basenames,
                       const std::vector<std::string>& parents, bool any_exec);
  Status SetVerdict(const wf_process_key& root, uint32_t verdict);
  Status DeleteVerdict(const wf_process_key& root);
  Status SetScope(const wf_process_key& process, const wf_process_key& root);
  /** Only the entry of exactly that process: the pid may belong to another one by now. */
  Status DeleteScope(const wf_process_key& process);

 private:
  using CandidateKey = std::array<char, sizeof(wf_candidate)>;

  int scope_ = -1;
  int verdicts_ = -1;
  int candidates_ = -1;
  int tunables_ = -1;
  wf_tunables settings_ = {};
  std::set<CandidateKey> current_;
};

}  // namespace wf
