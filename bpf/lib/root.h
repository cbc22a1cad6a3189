/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The beginning of a lineage: a process that user space is asked about. */
#ifndef WF_LIB_ROOT_H
#define WF_LIB_ROOT_H

#include "lib/count.h"
#include "lib/scope.h"

/* Makes that process the pending root of a lineage of its own; false when a table is full. */
static __always_inline bool root_begin(const struct wf_process_key *self)
{
	struct wf_scope scope = { .start_ns = self->start_ns, .root = *self };
	__u32 verdict = WF_VERDICT_PENDING;

	if (bpf_map_update_elem(&wf_verdict_map, self, &verdict, BPF_ANY) == 0) {
		if (bpf_map_update_elem(&wf_scope_map, &self->tgid, &scope, BPF_ANY) == 0)
			return true;
		bpf_map_delete_elem(&wf_verdict_map, self);
	}
	count_loss(WF_RING_LIFECYCLE, WF_LOSS_TABLE_FULL);
	return false;
}

#endif
