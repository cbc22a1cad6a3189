// The names that are looked for in the environment of an exec.
#include <algorithm>
#include <map>

#include "map_entry.h"
#include "scope.h"

namespace wf {

Status Scope::SetEnvironment(const std::vector<std::string>& values,
                             const std::vector<std::string>& marks,
                             const std::vector<std::string>& candidates) {
  std::map<EnvironmentKey, __u32> wanted;
  const auto add = [&wanted](const std::vector<std::string>& names, __u32 flag) {
    for (const std::string& name : names) {
      if (name.empty()) continue;
      EnvironmentKey key = {};
      name.copy(key.data(), key.size() - 1);
      wanted[key] |= flag;
    }
  };
  add(values, WF_ENVIRONMENT_VALUE);
  add(marks, WF_ENVIRONMENT_MARK);
  add(candidates, WF_ENVIRONMENT_CANDIDATE);

  wf_tunables next = settings_;
  next.environment = 0;
  std::fill(std::begin(next.environment_first), std::end(next.environment_first), 0);
  for (const auto& [key, flags] : wanted) {
    if (auto refused = Put("set environment names", environment_, key.data(), &flags))
      return refused;
    names_.insert(key);
    const auto first = static_cast<unsigned char>(key[0]);
    next.environment |= flags;
    next.environment_first[first / 64] |= 1ULL << (first % 64);
  }
  for (auto key = names_.begin(); key != names_.end();) {
    if (wanted.contains(*key)) {
      ++key;
      continue;
    }
    if (auto refused = Remove("remove environment names", environment_, key->data()))
      return refused;
    key = names_.erase(key);
  }
  return Write(next);
}

}  // namespace wf
