// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The name a process of an agent gives itself, by prctl(PR_SET_NAME) or /proc/self/comm. Threads name themselves all
 * the time, so only that of the thread group's leader counts; and an exec, which sets it as well, is told as such.
 */
#include "lib/program.h"
#include "lib/budget.h"
#include "lib/emit.h"

#define RENAMES_A_SECOND 16

SEC("tp_btf/task_rename")
int BPF_PROG(wf_rename, struct task_struct *task, const char *comm)
{
	struct emit_what what = { WF_RING_LIFECYCLE, sizeof(struct wf_rename), WF_KIND_RENAME };
	struct wf_who who = { .tid = task->pid };
	struct wf_rename *record;

	if (task->pid != task->tgid || BPF_CORE_READ_BITFIELD(task, in_execve))
		return 0;
	if (!scope_find(task, task->tgid, &who) || who.verdict != WF_VERDICT_AGENT)
		return 0;
	if (!budget_take(&who.self, WF_KIND_RENAME, WF_RING_LIFECYCLE, RENAMES_A_SECOND))
		return 0;
	record = emit_begin(&who, what);
	if (!record)
		return 0;
	__builtin_memset(record->from, 0, sizeof(record->from) + sizeof(record->to));
	bpf_probe_read_kernel_str(record->from, sizeof(record->from), task->comm);
	bpf_probe_read_kernel_str(record->to, sizeof(record->to), comm);
	emit_end(record, WF_RING_LIFECYCLE);
	return 0;
}
