// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A child belongs to the lineage of the process that called fork. That is `current`, not the child's
 * parent: CLONE_PARENT and a double fork make those differ.
 */
#include "lib/program.h"
#include "lib/emit.h"
#include "lib/root.h"

static __always_inline void inherit(const struct wf_who *caller, const struct wf_process_key *child)
{
	struct wf_scope scope = { .start_ns = child->start_ns, .root = caller->root };

	if (bpf_map_update_elem(&wf_scope_map, &child->tgid, &scope, BPF_ANY))
		count_loss(WF_RING_LIFECYCLE, WF_LOSS_TABLE_FULL);
}

static __always_inline struct wf_fork *fork_begin(const struct wf_who *caller,
						  const struct wf_process_key *child)
{
	struct emit_what what = { WF_RING_LIFECYCLE, sizeof(struct wf_fork), WF_KIND_FORK };
	struct wf_fork *record = emit_begin(caller, what);

	if (!record)
		return NULL;
	record->child_start_ns = child->start_ns;
	record->child_tgid = child->tgid;
	record->_pad0 = 0;
	return record;
}

/* Whatever a relay starts may be what an agent asked it for: a lineage of its own, and somebody decides about it. */
static __always_inline void fork_relay(const struct wf_who *relay,
				       const struct wf_process_key *child)
{
	struct wf_fork *record;

	if (!root_begin(child))
		return;
	record = fork_begin(relay, child);
	if (record)
		emit_end_now(record);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(wf_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = parent->tgid;
	struct wf_process_key key = { .start_ns = child->start_boottime, .tgid = child->tgid };
	struct wf_who caller = { .tid = parent->pid };
	struct wf_fork *record;

	if (key.tgid == tgid)
		return 0;
	if (!scope_find(parent, tgid, &caller)) {
		if (caller.verdict == WF_VERDICT_RELAY)
			fork_relay(&caller, &key);
		else
			scope_forget(tgid);
		return 0;
	}
	inherit(&caller, &key);
	record = fork_begin(&caller, &key);
	if (record)
		emit_end(record, WF_RING_LIFECYCLE);
	return 0;
}
