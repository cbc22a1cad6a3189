// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The processes that existed before the sensors, with start times as exact as those of events; /proc has
 * only ticks of 10 ms. Runs when user space reads the iterator.
 */
#include "lib/program.h"
#include "lib/emit.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

static __always_inline void seed_fill(struct wf_seed *seed, struct task_struct *task)
{
	struct wf_who who = { .tid = task->pid };
	struct emit_what what = { WF_RING_LIFECYCLE, sizeof(*seed), WF_KIND_SEED };
	struct emit_place place = { .boot_ns = bpf_ktime_get_boot_ns() };
	struct task_struct *parent = task->real_parent;

	if (!scope_find(task, task->tgid, &who)) {
		who.self.tgid = task->tgid;
		who.self.start_ns = task->start_boottime;
		who.root = (struct wf_process_key){};
		who.verdict = WF_VERDICT_NONE;
	}
	emit_header(&seed->h, &who, what, place);
	seed->parent_start_ns = task_start_ns(parent);
	seed->parent_tgid = parent->tgid;
	seed->uid = task->cred->uid.val;
	bpf_probe_read_kernel_str(seed->comm, sizeof(seed->comm), task->comm);
}

SEC("iter/task")
int wf_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct wf_seed seed = {};

	if (!task || task->pid != task->tgid || task->flags & PF_KTHREAD ||
	    !task->signal->live.counter)
		return 0;
	seed_fill(&seed, task);
	bpf_seq_write(ctx->meta->seq, &seed, sizeof(seed));
	return 0;
}
