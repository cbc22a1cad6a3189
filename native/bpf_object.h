// The compiled BPF programs, and opening the build of them that this kernel takes.
#pragma once

#include <bpf/libbpf.h>
#include <cstdint>
#include <memory>
#include <string_view>

#include "refusal.h"

namespace wf {

struct BpfObjectClose {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using BpfObjectPtr = std::unique_ptr<bpf_object, BpfObjectClose>;

/** Not loaded yet. Which of the two builds it is, HasFetchAdd decides. */
Result<BpfObjectPtr> OpenBpfObject();

/** A name for the build OpenBpfObject opens, the same for the same bytes only. */
uint64_t BuildNumber();

/** WF_WIRE_VERSION as the programs were compiled with it, from their read-only data. */
Result<uint32_t> ReadWireVersion(const bpf_object* object);

/** What a program serves, by its section; `required`: without it there is no sensor at all. */
struct Family {
  std::string_view section;
  std::string_view name;
  bool required;
};

/** Null when no family claims the program. */
const Family* FamilyOf(const bpf_program* program);

}  // namespace wf
