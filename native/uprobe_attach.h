// Probes on user-space code: one uprobe.multi link where the kernel has it, a perf event where not.
#pragma once

#include <bpf/libbpf.h>
#include <cstdint>
#include <vector>

#include "bpf_link.h"
#include "refusal.h"

namespace wf {

/** `kBare`: a perf event that can be told no cookie, before Linux 5.15. */
enum class UprobeMode { kMulti, kPerf, kBare };

struct UprobeSite {
  bpf_program* program;
  /** In the file, not in memory. One link has them all. */
  std::vector<uint64_t> offsets;
  /** At the return of the functions that begin there. */
  bool on_return;
};

/**
 * Decided by a trial, because a kernel that has no uprobe.multi (before 6.6) takes the program and refuses
 * only the link, and to try a cookie with each probe would fill the log. The mode must be known before the programs are
 * loaded: PrepareUprobe.
 */
UprobeMode ChooseUprobeMode();

/** Sets on a program that is not loaded yet what its mode needs. */
void PrepareUprobe(UprobeMode mode, bpf_program* program);

/** All offsets or none. `cookie`: what the program is told of the probe, where the kernel can. `fd` is the open file; probes hold its inode afterwards, not the descriptor. */
Status AttachUprobe(UprobeMode mode, const UprobeSite& site, int fd, uint64_t cookie,
                    LinkSet& links);

}  // namespace wf
