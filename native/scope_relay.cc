// Processes that run something because an agent asked them to: their children are looked at, they are not.
#include "map_entry.h"
#include "scope.h"

namespace wf {

bool Scope::HasVerdict(const wf_process_key& root, uint32_t verdict) const {
  __u32 found = 0;
  return bpf_map_lookup_elem(verdicts_, &root, &found) == 0 && found == verdict;
}

Status Scope::WatchRelay(const wf_process_key& process) {
  const Refusal taken = {"watch relay", EEXIST, "the process is in a lineage"};
  constexpr __u32 kRelay = WF_VERDICT_RELAY;
  wf_scope entry = {};
  __u64 how = BPF_NOEXIST;
  if (bpf_map_lookup_elem(scope_, &process.tgid, &entry) == 0) {
    const bool is_current = entry.start_ns == process.start_ns;
    if (is_current && HasVerdict(entry.root, WF_VERDICT_RELAY)) return {};
    __u32 verdict = WF_VERDICT_STRANGER;
    bpf_map_lookup_elem(verdicts_, &entry.root, &verdict);
    // A watched interpreter is nobody's agent: for as long as it is a relay, its children matter more.
    if (is_current && verdict != WF_VERDICT_STRANGER && verdict != WF_VERDICT_WATCHED) return taken;
    // An earlier owner of the pid, or a lineage that was let go.
    how = BPF_EXIST;
  }
  if (auto refused = Put("watch relay", verdicts_, &process, &kRelay)) return refused;
  entry = {};
  entry.start_ns = process.start_ns;
  entry.root = process;
  if (bpf_map_update_elem(scope_, &process.tgid, &entry, how) == 0) return {};
  const int error = errno;
  if (HasVerdict(process, WF_VERDICT_RELAY)) bpf_map_delete_elem(verdicts_, &process);
  if (error == EEXIST) return taken;
  return Refusal{"watch relay", error};
}

Status Scope::EndRelay(const wf_process_key& process) {
  if (!HasVerdict(process, WF_VERDICT_RELAY)) return {};
  if (auto refused = DeleteScope(process, process)) return refused;
  return Remove("end relay", verdicts_, &process);
}

}  // namespace wf
