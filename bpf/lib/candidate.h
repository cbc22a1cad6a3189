/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Could this exec be the start of an agent? Names only; user space looks closer. */
#ifndef WF_LIB_CANDIDATE_H
#define WF_LIB_CANDIDATE_H

#include "lib/path.h"
#include "maps/candidate.h"
#include "maps/tunables.h"

static __always_inline bool candidate_named(__u32 kind, const void *name)
{
	struct wf_candidate candidate = { .kind = kind };

	bpf_probe_read_kernel_str(candidate.name, sizeof(candidate.name), name);
	return bpf_map_lookup_elem(&wf_candidate_map, &candidate);
}

/*
 * The file that runs and the name that was asked for differ: the second is the script of an interpreter,
 * or a symbolic link.
 */
static __always_inline bool candidate_matches(struct linux_binprm *bprm)
{
	struct dentry *dentry = bprm->file->f_path.dentry;
	__u64 filename = (__u64)BPF_CORE_READ(bprm, filename);
	__u32 zero = 0;
	struct wf_tunables *tunables = bpf_map_lookup_elem(&wf_tunables_map, &zero);

	if (tunables && tunables->any_exec)
		return true;
	if (candidate_named(WF_CANDIDATE_BASENAME, BPF_CORE_READ(dentry, d_name.name)) ||
	    candidate_named(WF_CANDIDATE_PARENT, BPF_CORE_READ(dentry, d_parent, d_name.name)))
		return true;
	return candidate_named(WF_CANDIDATE_BASENAME, (void *)(filename + path_basename(filename)));
}

#endif
