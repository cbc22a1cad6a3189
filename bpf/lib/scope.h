/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is acting, and whether that is anybody's business. */
#ifndef WF_LIB_SCOPE_H
#define WF_LIB_SCOPE_H

#include "maps/scope.h"

struct wf_who {
	struct wf_process_key self;
	struct wf_process_key root;
	__u32 tid;
	__u32 verdict;
};

static __always_inline __u64 task_start_ns(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

/* libbpf drops what follows three underscores and asks the running kernel. Linux 5.11. */
enum bpf_func_id___task_btf {
	BPF_FUNC_get_current_task_btf___task_btf = 158,
};

/* Of the task that runs now: where the kernel knows the type of the pointer, without a call for each step. */
static __always_inline __u64 current_start_ns(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___task_btf,
				       BPF_FUNC_get_current_task_btf___task_btf))
		return bpf_get_current_task_btf()->group_leader->start_boottime;
	return task_start_ns((void *)bpf_get_current_task());
}

/* The verdict of a root; none for a stranger. */
static __always_inline __u32 scope_verdict(const struct wf_process_key *root)
{
	__u32 *verdict = bpf_map_lookup_elem(&wf_verdict_map, root);

	if (!verdict || *verdict == WF_VERDICT_STRANGER)
		return WF_VERDICT_NONE;
	return *verdict;
}

/* May anything be told of a process whose root has this verdict? Of a relay only its children are, by fork.bpf.c. */
static __always_inline bool scope_told(__u32 verdict)
{
	return verdict != WF_VERDICT_NONE && verdict != WF_VERDICT_RELAY;
}

/* An entry left by an earlier owner of the pid has another start time. */
static __always_inline bool scope_fill(const struct wf_scope *scope, __u64 start_ns, __u32 tgid,
				       struct wf_who *who)
{
	if (scope->start_ns != start_ns)
		return false;
	who->self.tgid = tgid;
	who->self.start_ns = start_ns;
	who->self._pad0 = 0;
	who->root = scope->root;
	who->verdict = scope_verdict(&who->root);
	return scope_told(who->verdict);
}

/*
 * True: the process is in a pending, agent or watched lineage, and `who` is filled; and it is for a relay, of which
 * nothing is told, where the answer is false. For everybody else this is one lookup.
 */
static __always_inline bool scope_find(struct task_struct *task, __u32 tgid, struct wf_who *who)
{
	struct wf_scope *scope = bpf_map_lookup_elem(&wf_scope_map, &tgid);

	return scope && scope_fill(scope, task_start_ns(task), tgid, who);
}

/* The same for the thread that runs now, by bpf_get_current_pid_tgid. */
static __always_inline bool scope_find_thread(__u64 thread, struct wf_who *who)
{
	__u32 tgid = thread >> 32;
	struct wf_scope *scope = bpf_map_lookup_elem(&wf_scope_map, &tgid);

	who->tid = thread;
	return scope && scope_fill(scope, current_start_ns(), tgid, who);
}

/*
 * The same where that is not to be had. Reads the ids from the task because cgroup programs have no
 * bpf_get_current_pid_tgid on every kernel we support.
 */
static __always_inline bool scope_find_current(struct wf_who *who)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!scope_find(task, BPF_CORE_READ(task, tgid), who))
		return false;
	who->tid = BPF_CORE_READ(task, pid);
	return true;
}

/* Drops an entry that scope_find did not accept: a lineage that was let go, or an earlier owner of the pid. */
static __always_inline void scope_forget(__u32 tgid)
{
	if (bpf_map_lookup_elem(&wf_scope_map, &tgid))
		bpf_map_delete_elem(&wf_scope_map, &tgid);
}

static __always_inline bool scope_same(const struct wf_process_key *a,
				       const struct wf_process_key *b)
{
	return a->tgid == b->tgid && a->start_ns == b->start_ns;
}

#endif
