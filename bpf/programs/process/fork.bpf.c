// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A child belongs to the lineage of the process that called fork. That is `current`, not the child's
 * parent: CLONE_PARENT and a double fork make those differ.
 */
#include "lib/program.h"
#include "lib/emit.h"

static __always_inline void inherit(const struct wf_who *caller, __u32 tgid, __u64 start_ns)
{
	struct wf_scope scope = { .start_ns = start_ns, .root = caller->root };

	if (bpf_map_update_elem(&wf_scope_map, &tgid, &scope, BPF_ANY))
		count_loss(WF_RING_LIFECYCLE, WF_LOSS_TABLE_FULL);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(wf_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = parent->tgid;
	__u32 child_tgid = child->tgid;
	struct wf_who caller = { .tid = parent->pid };
	struct wf_fork *record;

	if (child_tgid == tgid)
		return 0;
	if (!scope_find(parent, tgid, &caller)) {
		scope_forget(tgid);
		return 0;
	}
	inherit(&caller, child_tgid, child->start_boottime);
	record = emit_begin(&caller,
			    (struct emit_what){ WF_RING_LIFECYCLE, sizeof(*record), WF_KIND_FORK });
	if (!record)
		return 0;
	record->child_start_ns = child->start_boottime;
	record->child_tgid = child_tgid;
	record->_pad0 = 0;
	emit_end(record, WF_RING_LIFECYCLE);
	return 0;
}
