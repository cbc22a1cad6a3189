// Scope's maps as an earlier process left them.
#include <bpf/bpf.h>
#include <algorithm>
#include <cstring>
#include <utility>

#include "scope.h"

namespace wf {
namespace {

struct KeyLess {
  bool operator()(const wf_process_key& a, const wf_process_key& b) const {
    return std::pair(a.start_ns, a.tgid) < std::pair(b.start_ns, b.tgid);
  }
};

/** The kernel's own text field: as many bytes as the map's values have. */
using NoteText = std::array<char, 1024>;

/** All keys. The map may change meanwhile: then some may be missing or come twice. */
template <typename Key>
Result<std::vector<Key>> Keys(int map) {
  constexpr size_t kMaxKeys = 1 << 20;
  std::vector<Key> keys;
  Key key = {};
  const Key* before = nullptr;
  while (keys.size() < kMaxKeys && bpf_map_get_next_key(map, before, &key) == 0) {
    keys.push_back(key);
    before = &keys.back();
  }
  if (errno != ENOENT && keys.size() < kMaxKeys) return LastError("list keys");
  return keys;
}

template <typename Key>
Status Clear(int map) {
  Result<std::vector<Key>> keys = Keys<Key>(map);
  if (!keys.ok()) return keys.refusal();
  for (const Key& key : keys.value()) bpf_map_delete_elem(map, &key);
  return {};
}

}  // namespace

Status Scope::Adopt() {
  const __u32 only = 0;
  if (bpf_map_lookup_elem(tunables_, &only, &settings_) != 0) return LastError("read tunables");
  Result<std::vector<CandidateKey>> candidates = Keys<CandidateKey>(candidates_);
  if (!candidates.ok()) return candidates.refusal();
  current_.insert(candidates.value().begin(), candidates.value().end());
  Result<std::vector<EnvironmentKey>> names = Keys<EnvironmentKey>(environment_);
  if (!names.ok()) return names.refusal();
  names_.insert(names.value().begin(), names.value().end());

  // Calls that were entered when there were probes have returned unseen, and ties told to the dead are not
  // known to the living.
  using TiedKey = std::array<char, 16>;
  if (auto refused = Clear<uint64_t>(tls_threads_)) return refused;
  if (auto refused = Clear<TiedKey>(tls_tied_)) return refused;
  if (auto refused = DropRelays()) return refused;
  return DropEmptyLineages();
}

Status Scope::DropRelays() const {
  Result<std::vector<wf_process_key>> roots = Keys<wf_process_key>(verdicts_);
  if (!roots.ok()) return roots.refusal();
  for (const wf_process_key& root : roots.value()) {
    if (!HasVerdict(root, WF_VERDICT_RELAY)) continue;
    wf_scope entry = {};
    const bool is_there = bpf_map_lookup_elem(scope_, &root.tgid, &entry) == 0;
    if (is_there && entry.start_ns == root.start_ns) bpf_map_delete_elem(scope_, &root.tgid);
    bpf_map_delete_elem(verdicts_, &root);
  }
  return {};
}

Status Scope::DropEmptyLineages() const {
  // Verdicts before processes, because a root's verdict is written before its process is.
  Result<std::vector<wf_process_key>> roots = Keys<wf_process_key>(verdicts_);
  if (!roots.ok()) return roots.refusal();
  Result<std::vector<__u32>> processes = Keys<__u32>(scope_);
  if (!processes.ok()) return processes.refusal();
  std::set<wf_process_key, KeyLess> living;
  for (const __u32 tgid : processes.value()) {
    wf_scope entry = {};
    if (bpf_map_lookup_elem(scope_, &tgid, &entry) == 0) living.insert(entry.root);
  }
  for (const wf_process_key& root : roots.value())
    if (!living.contains(root)) bpf_map_delete_elem(verdicts_, &root);
  return {};
}

Status Scope::Remember(const wf_process_key& root, const std::string& text) {
  NoteText note = {};
  if (text.size() >= note.size()) return Refusal{"remember", E2BIG, "the note is too long"};
  text.copy(note.data(), text.size());
  if (bpf_map_update_elem(notes_, &root, note.data(), BPF_ANY) != 0) return LastError("remember");
  return {};
}

Result<std::vector<Note>> Scope::Notes() const {
  Result<std::vector<wf_process_key>> roots = Keys<wf_process_key>(notes_);
  if (!roots.ok()) return roots.refusal();
  std::vector<Note> notes;
  for (const wf_process_key& root : roots.value()) {
    NoteText text = {};
    if (bpf_map_lookup_elem(notes_, &root, text.data()) != 0) continue;
    notes.push_back({root, std::string(text.data(), strnlen(text.data(), text.size()))});
  }
  return notes;
}

}  // namespace wf
