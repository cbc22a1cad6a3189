// Programs on the root of the cgroup v2 tree: they see every socket of the machine.
#pragma once

#include <bpf/libbpf.h>
#include <string>

#include "bpf_link.h"
#include "fd.h"
#include "refusal.h"

namespace wf {

/** The mount point as a descriptor; refused when it is not a cgroup v2 file system. */
Result<Fd> OpenCgroup(const std::string& mount);

/**
 * Says what the program is, which libbpf before 1.3 does not know. False: the running kernel, whose types are given,
 * has no such hook.
 */
bool PrepareUnixConnect(const btf* kernel, bpf_program* program);

Result<BpfLink> AttachCgroup(bpf_program* program, const Fd& cgroup);

}  // namespace wf
