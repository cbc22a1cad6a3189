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

/** What was kept of a root, under its key. */
struct Note {
  wf_process_key root;
  std::string text;
};

class Scope {
 public:
  /** Finds the maps of a loaded object. */
  static Result<Scope> Of(const bpf_object* object);

  /** Takes over the maps as an earlier process left them, and drops what belongs to nobody any more. */
  Status Adopt();
  /** Those of the settings that are about candidates and the environment stay as they are. */
  Status SetTunables(const wf_tunables& tunables);
  /** Replaces the whole set; what stays is never missing in between. */
  Status SetCandidates(const std::vector<std::string>& basenames,
                       const std::vector<std::string>& parents, bool any_exec);
  /**
   * Replaces the names that are looked for in the environment of an exec. `values`: told with it; `marks`: told
   * that it is there; `candidates`: an exec outside every lineage that has one is asked about.
   */
  Status SetEnvironment(const std::vector<std::string>& values,
                        const std::vector<std::string>& marks,
                        const std::vector<std::string>& candidates);
  /** A root that is no agent has no note. */
  Status SetVerdict(const wf_process_key& root, uint32_t verdict);
  /** And the root's note. Not of one that is asked about again: it has executed something else meanwhile. */
  Status DeleteVerdict(const wf_process_key& root);
  /** Who an agent's root is, for whoever adopts this map. Refused with E2BIG when it does not fit. */
  Status Remember(const wf_process_key& root, const std::string& text);
  Result<std::vector<Note>> Notes() const;
  Status SetScope(const wf_process_key& process, const wf_process_key& root);
  /**
   * Only the entry of exactly that process in that lineage: the pid may belong to another one by now, or the process to
   * another lineage, or its root is asked about again.
   */
  Status DeleteScope(const wf_process_key& process, const wf_process_key& root);
  /** Each child becomes a pending root. Refused with EEXIST when the process is in a lineage. */
  Status WatchRelay(const wf_process_key& process);
  /** Nothing happens to a process that is no relay. */
  Status EndRelay(const wf_process_key& process);

 private:
  using CandidateKey = std::array<char, sizeof(wf_candidate)>;
  using EnvironmentKey = std::array<char, WF_ENV_NAME_MAX>;

  Status Write(const wf_tunables& tunables);
  /** Lineages none of whose processes lives: nobody was there to see their end. */
  Status DropEmptyLineages() const;
  /** Who asked for them is gone. */
  Status DropRelays() const;
  bool HasVerdict(const wf_process_key& root, uint32_t verdict) const;

  int scope_ = -1;
  int verdicts_ = -1;
  int candidates_ = -1;
  int environment_ = -1;
  int tunables_ = -1;
  int notes_ = -1;
  int tls_threads_ = -1;
  int tls_tied_ = -1;
  wf_tunables settings_ = {};
  std::set<CandidateKey> current_;
  std::set<EnvironmentKey> names_;
};

}  // namespace wf
