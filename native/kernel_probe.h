// What this kernel can do, found out by doing it once.
#pragma once

#include <bpf/btf.h>
#include <memory>
#include <string>
#include <string_view>

#include "fd.h"
#include "refusal.h"

namespace wf {

struct BtfFree {
  void operator()(btf* types) const { btf__free(types); }
};
using BtfPtr = std::unique_ptr<btf, BtfFree>;

/** The running kernel's BTF. */
Result<BtfPtr> KernelTypes();

/** Whether a BTF-typed tracepoint of that name exists. */
bool HasTracepoint(const btf* kernel, const std::string& name);

/** Whether an enumeration of the kernel has a value of that name. */
bool HasEnumerator(const btf* kernel, const char* enumeration, std::string_view value);

/** Atomic adds that give back the old value: Linux 5.12. True as well when programs cannot be tried. */
bool HasFetchAdd();

/** An anonymous file of one page that a probe may be put on without touching anybody. */
Result<Fd> TrialFile();

}  // namespace wf
