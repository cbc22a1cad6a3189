/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An exec record, put together in the scratch of this CPU: its size is known only when it is whole. */
#ifndef WF_LIB_EXEC_RECORD_H
#define WF_LIB_EXEC_RECORD_H

#include "lib/emit.h"
#include "lib/image.h"
#include "lib/path.h"
#include "lib/task.h"

static __always_inline void exec_identity(struct wf_exec *exec, struct task_struct *task,
					  struct inode *inode)
{
	struct upid *upid = task_upid(task);
	__u64 ids = bpf_get_current_uid_gid();

	exec->inode = inode->i_ino;
	exec->dev = inode->i_sb->s_dev;
	exec->nlink = inode->i_nlink;
	exec->file_size = inode->i_size;
	exec->file_changed_ns = image_changed_ns(inode);
	exec->cgroup_id = bpf_get_current_cgroup_id();
	exec->parent_start_ns = task_start_ns(task->real_parent);
	exec->parent_tgid = task->real_parent->tgid;
	exec->uid = ids;
	exec->gid = ids >> 32;
	exec->stdin_mode = task_stdin_mode(task);
	exec->ns_pid = BPF_CORE_READ(upid, nr);
	exec->pid_ns = BPF_CORE_READ(upid, ns, ns.inum);
	exec->_pad0 = 0;
}

/* Of a process that is nobody's from here on only that it is gone. */
static __always_inline void exec_bare(struct wf_exec *exec)
{
	exec->argv_len = 0;
	exec->path_captured = 0;
	exec->cwd_captured = 0;
	exec->argv_captured = 0;
	exec->env_captured = 0;
	exec->mnt_level = 0;
}

/* Path, then cwd; returns where the tail goes on. */
static __always_inline __u32 exec_paths(struct wf_exec_scratch *scratch, struct task_struct *task,
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

/* Returns where the tail goes on. */
static __always_inline __u32 exec_argv(struct wf_exec_scratch *scratch, struct mm_struct *mm,
				       __u32 at)
{
	struct wf_exec *exec = &scratch->record;
	__u64 start = mm->arg_start;
	__u64 length = BOUNDED(mm->arg_end - start, WF_ARGV_MAX);

	exec->argv_len = mm->arg_end - start;
	exec->argv_captured = length;
	if (bpf_probe_read_user(&scratch->tail[at & WF_EXEC_TAIL_AT], length, (void *)start) == 0)
		return at + length;
	exec->argv_captured = 0;
	exec->flags |= WF_EXEC_ARGV_FAULT;
	count_loss(WF_RING_LIFECYCLE, WF_LOSS_FAULT);
	return at;
}

static __always_inline void exec_environment(struct wf_exec_scratch *scratch, __u32 at)
{
	struct wf_exec *exec = &scratch->record;
	__u64 length = BOUNDED(scratch->env_written, WF_ENV_MAX);

	if (scratch->env_truncated)
		exec->flags |= WF_EXEC_ENV_TRUNCATED;
	exec->env_captured = length;
	bpf_probe_read_kernel(&scratch->tail[at & WF_EXEC_ENV_AT], length, scratch->env);
}

/* Somebody decides about this record, so it wakes the reader at once. */
static __always_inline void exec_send(struct wf_exec_scratch *scratch, const struct wf_who *who)
{
	struct wf_exec *exec = &scratch->record;
	__u32 tail = (__u32)exec->path_captured + exec->cwd_captured + exec->argv_captured +
		     exec->env_captured;
	__u64 size = BOUNDED(sizeof(*exec) + tail, sizeof(*exec) + WF_EXEC_TAIL);
	struct emit_what what = { WF_RING_LIFECYCLE, size, WF_KIND_EXEC };

	emit_header(&exec->h, who, what, emit_take(WF_RING_LIFECYCLE));
	if (bpf_ringbuf_output(&wf_ring_lifecycle, scratch, size, BPF_RB_FORCE_WAKEUP))
		count_loss(WF_RING_LIFECYCLE, WF_LOSS_RING_FULL);
}

#endif
