// One entry of a map, written or removed.
#pragma once

#include <bpf/bpf.h>

#include "refusal.h"

namespace wf {

inline Status Put(const char* operation, int map, const void* key, const void* value) {
  if (bpf_map_update_elem(map, key, value, BPF_ANY) != 0) return LastError(operation);
  return {};
}

/** That the entry is not there is what was wanted. */
inline Status Remove(const char* operation, int map, const void* key) {
  if (bpf_map_delete_elem(map, key) != 0 && errno != ENOENT) return LastError(operation);
  return {};
}

}  // namespace wf
