#include "scope.h"

#include <bpf/bpf.h>
#include <algorithm>
#include <cstring>

#include "map_entry.h"

namespace wf {

wf_process_key ProcessKey(uint32_t tgid, uint64_t start_ns) {
  wf_process_key key = {};
  key.tgid = tgid;
  key.start_ns = start_ns;
  return key;
}

Result<Scope> Scope::Of(const bpf_object* object) {
  Scope scope;
  const std::pair<const char*, int*> maps[] = {
      {"wf_scope_map", &scope.scope_},          {"wf_verdict_map", &scope.verdicts_},
      {"wf_candidate_map", &scope.candidates_}, {"wf_tunables_map", &scope.tunables_},
      {"wf_note_map", &scope.notes_},           {"wf_tls_threads", &scope.tls_threads_},
      {"wf_tls_tied", &scope.tls_tied_},        {"wf_environment", &scope.environment_},
  };
  for (const auto& [name, fd] : maps) {
    *fd = bpf_object__find_map_fd_by_name(object, name);
    if (*fd < 0) return Refusal{std::string("find map ") + name, ENOENT};
  }
  return scope;
}

Status Scope::Write(const wf_tunables& tunables) {
  const __u32 only = 0;
  settings_ = tunables;
  return Put("set tunables", tunables_, &only, &settings_);
}

Status Scope::SetTunables(const wf_tunables& tunables) {
  wf_tunables next = tunables;
  next.any_exec = settings_.any_exec;
  next.environment = settings_.environment;
  memcpy(next.environment_first, settings_.environment_first, sizeof(next.environment_first));
  return Write(next);
}

Status Scope::SetCandidates(const std::vector<std::string>& basenames,
                            const std::vector<std::string>& parents, bool any_exec) {
  std::set<CandidateKey> wanted;
  const auto add = [&wanted](const std::vector<std::string>& names, wf_candidate_kind kind) {
    for (const std::string& name : names) {
      wf_candidate candidate = {};
      candidate.kind = kind;
      // The kernel reads a name into the same room and ends it: a longer one matches by its beginning.
      name.copy(candidate.name, sizeof(candidate.name) - 1);
      CandidateKey key;
      memcpy(key.data(), &candidate, key.size());
      wanted.insert(key);
    }
  };
  add(basenames, WF_CANDIDATE_BASENAME);
  add(parents, WF_CANDIDATE_PARENT);

  const __u8 present = 1;
  for (const CandidateKey& key : wanted) {
    if (auto refused = Put("set candidates", candidates_, key.data(), &present)) return refused;
    current_.insert(key);
  }
  for (auto key = current_.begin(); key != current_.end();) {
    if (wanted.contains(*key)) {
      ++key;
      continue;
    }
    if (auto refused = Remove("remove candidates", candidates_, key->data())) return refused;
    key = current_.erase(key);
  }
  wf_tunables next = settings_;
  next.any_exec = any_exec ? 1 : 0;
  return Write(next);
}

Status Scope::SetVerdict(const wf_process_key& root, uint32_t verdict) {
  if (verdict != WF_VERDICT_AGENT)
    if (auto refused = Remove("delete note", notes_, &root)) return refused;
  return Put("set verdict", verdicts_, &root, &verdict);
}

Status Scope::DeleteVerdict(const wf_process_key& root) {
  if (HasVerdict(root, WF_VERDICT_PENDING)) return {};
  if (auto refused = Remove("delete note", notes_, &root)) return refused;
  return Remove("delete verdict", verdicts_, &root);
}

Status Scope::SetScope(const wf_process_key& process, const wf_process_key& root) {
  wf_scope entry = {};
  entry.start_ns = process.start_ns;
  entry.root = root;
  return Put("set scope", scope_, &process.tgid, &entry);
}

Status Scope::DeleteScope(const wf_process_key& process, const wf_process_key& root) {
  wf_scope entry = {};
  if (bpf_map_lookup_elem(scope_, &process.tgid, &entry) != 0)
    return errno == ENOENT ? Status() : LastError("look up scope");
  const bool is_ours = entry.start_ns == process.start_ns && entry.root.tgid == root.tgid &&
                       entry.root.start_ns == root.start_ns;
  if (!is_ours || HasVerdict(root, WF_VERDICT_PENDING)) return {};
  return Remove("delete scope", scope_, &process.tgid);
}

}  // namespace wf
