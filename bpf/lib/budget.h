/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A system call that costs its caller nothing must not displace what others did: each process is told of so often a
 * second, and what is more is counted.
 */
#ifndef WF_LIB_BUDGET_H
#define WF_LIB_BUDGET_H

#include "lib/count.h"
#include "maps/budget.h"

#define BUDGET_NS 1000000000LL

/* Two threads that begin a second together may each begin it: then it is a few records more. */
static __always_inline bool budget_take(const struct wf_process_key *process, __u16 kind,
					__u32 ring, __u64 limit)
{
	struct wf_budget_key key = { .process = *process, .kind = kind };
	struct wf_budget fresh = { .since_ns = bpf_ktime_get_boot_ns(), .told = 1 };
	struct wf_budget *budget = bpf_map_lookup_elem(&wf_budget_map, &key);

	if (!budget || (__s64)(fresh.since_ns - budget->since_ns) >= BUDGET_NS) {
		bpf_map_update_elem(&wf_budget_map, &key, &fresh, BPF_ANY);
		return true;
	}
	if (budget->told >= limit) {
		count_loss(ring, WF_LOSS_CALL_LIMIT);
		return false;
	}
	__sync_fetch_and_add(&budget->told, 1);
	return true;
}

#endif
