// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A new program in a lineage; or one outside every lineage that could be an agent, which then becomes a
 * pending root. Of any other exec nothing is read but its names.
 */
#include "lib/program.h"
#include "lib/candidate.h"
#include "lib/emit.h"

/* Makes the task the pending root of a lineage of its own. */
static __always_inline bool adopt(struct task_struct *task, struct wf_who *who)
{
	struct wf_process_key self = { .tgid = task->tgid, .start_ns = task_start_ns(task) };
	struct wf_scope scope = { .start_ns = self.start_ns, .root = self };
	__u32 verdict = WF_VERDICT_PENDING;

	who->self = self;
	who->root = self;
	who->verdict = verdict;
	if (bpf_map_update_elem(&wf_verdict_map, &self, &verdict, BPF_ANY) == 0 &&
	    bpf_map_update_elem(&wf_scope_map, &self.tgid, &scope, BPF_ANY) == 0)
		return true;
	count_loss(WF_RING_LIFECYCLE, WF_LOSS_TABLE_FULL);
	return false;
}

static __always_inline void fill_identity(struct wf_exec *exec, struct task_struct *task,
					  struct inode *inode)
{
	__u64 ids = bpf_get_current_uid_gid();

	exec->inode = inode->i_ino;
	exec->dev = inode->i_sb->s_dev;
	exec->nlink = inode->i_nlink;
	exec->cgroup_id = bpf_get_current_cgroup_id();
	exec->parent_start_ns = task_start_ns(task->real_parent);
	exec->parent_tgid = task->real_parent->tgid;
	exec->uid = ids;
	exec->gid = ids >> 32;
}

/* Path, then cwd; returns where the tail goes on. */
static __always_inline __u32 fill_paths(struct wf_exec_scratch *scratch, struct task_struct *task,
					struct file *file)
{
	struct wf_exec *exec = &scratch->record;
	__u32 at;

	path_write((__u64)BPF_CORE_READ(file, f_path.dentry),
		   (__u64)BPF_CORE_READ(file, f_path.mnt), 0);
	at = exec->path_captured = scratch->path_written;
	exec->mnt_level = scratch->path_mounts;
	if (scratch->path_truncated)
		exec->flags |= WF_EXEC_PATH_TRUNCATED;
	path_write((__u64)BPF_CORE_READ(task, fs, pwd.dentry),
		   (__u64)BPF_CORE_READ(task, fs, pwd.mnt), at);
	exec->cwd_captured = scratch->path_written;
	if (scratch->path_truncated)
		exec->flags |= WF_EXEC_CWD_TRUNCATED;
	return at + exec->cwd_captured;
}

static __always_inline void fill_argv(struct wf_exec_scratch *scratch, struct mm_struct *mm,
				      __u32 at)
{
	struct wf_exec *exec = &scratch->record;
	__u64 start = mm->arg_start;
	__u64 length = BOUNDED(mm->arg_end - start, WF_ARGV_MAX);

	exec->argv_len = mm->arg_end - start;
	exec->argv_captured = length;
	if (bpf_probe_read_user(&scratch->tail[at & WF_EXEC_TAIL_AT], length, (void *)start) == 0)
		return;
	exec->argv_captured = 0;
	exec->flags |= WF_EXEC_ARGV_FAULT;
	count_loss(WF_RING_LIFECYCLE, WF_LOSS_FAULT);
}

/* Somebody decides about this record, so it wakes the reader at once. */
static __always_inline void send(struct wf_exec_scratch *scratch, const struct wf_who *who)
{
	struct wf_exec *exec = &scratch->record;
	__u32 tail = (__u32)exec->path_captured + exec->cwd_captured + exec->argv_captured;
	__u64 size = BOUNDED(sizeof(*exec) + tail, sizeof(*exec) + WF_EXEC_TAIL);
	struct emit_what what = { WF_RING_LIFECYCLE, size, WF_KIND_EXEC };

	emit_header(&exec->h, who, what, emit_take(WF_RING_LIFECYCLE));
	if (bpf_ringbuf_output(&wf_ring_lifecycle, scratch, size, BPF_RB_FORCE_WAKEUP))
		count_loss(WF_RING_LIFECYCLE, WF_LOSS_RING_FULL);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(wf_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct wf_who who = { .tid = task->pid };
	__u32 tgid = task->tgid;
	__u32 flags = 0;
	struct wf_exec_scratch *scratch;
	__u32 at;

	if (!scope_find(task, tgid, &who)) {
		scope_forget(tgid);
		if (!candidate_matches(bprm) || !adopt(task, &who))
			return 0;
		flags = WF_EXEC_ASKS_VERDICT;
	}
	scratch = exec_scratch();
	if (!scratch)
		return 0;
	scratch->record.flags = flags;
	fill_identity(&scratch->record, task, bprm->file->f_inode);
	at = fill_paths(scratch, task, bprm->file);
	fill_argv(scratch, task->mm, at);
	send(scratch, &who);
	return 0;
}
