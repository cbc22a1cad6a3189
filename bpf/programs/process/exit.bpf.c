// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The end of a process, told once: when its last thread leaves. */
#include "lib/program.h"
#include "lib/emit.h"
#include "maps/tls_threads.h"

#define SIGNAL_GROUP_EXIT 4 /* include/linux/sched/signal.h */

/* As wait_task_zombie() computes it. */
static __always_inline __u32 wait_status(struct task_struct *task)
{
	if (task->signal->flags & SIGNAL_GROUP_EXIT)
		return task->signal->group_exit_code;
	return task->group_leader->exit_code;
}

/*
 * signal->live has been counted down before this tracepoint, so two threads that leave together may both
 * read 0. Exactly one of them succeeds in deleting the scope entry, and that one tells.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(wf_exit, struct task_struct *task)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u32 tgid = task->tgid;
	struct wf_who who = { .tid = task->pid };
	struct wf_exit *record;
	bool watched;

	if (bpf_map_lookup_elem(&wf_tls_threads, &thread))
		bpf_map_delete_elem(&wf_tls_threads, &thread);
	if (task->signal->live.counter)
		return 0;
	watched = scope_find(task, tgid, &who);
	if (bpf_map_delete_elem(&wf_scope_map, &tgid) || !watched)
		return 0;
	record = emit_begin(&who,
			    (struct emit_what){ WF_RING_LIFECYCLE, sizeof(*record), WF_KIND_EXIT });
	if (!record)
		return 0;
	record->wait_status = wait_status(task);
	record->_pad0 = 0;
	emit_end(record, WF_RING_LIFECYCLE);
	return 0;
}
