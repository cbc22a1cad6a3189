/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a task has open, and how it is called where it lives. */
#ifndef WF_LIB_TASK_H
#define WF_LIB_TASK_H

#define PID_LEVEL_MASK 31 /* MAX_PID_NS_LEVEL is 32, include/linux/pid_namespace.h */

/* The number and the namespace of a task in the innermost pid namespace. */
static __always_inline struct upid *task_upid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level) & PID_LEVEL_MASK;

	return (void *)pid + bpf_core_field_offset(struct pid, numbers) +
	       level * bpf_core_type_size(struct upid);
}

/* st_mode of what stands at descriptor 0; 0: it is closed. */
static __always_inline __u32 task_stdin_mode(struct task_struct *task)
{
	struct file **table = BPF_CORE_READ(task, files, fdt, fd);
	struct file *file = NULL;

	/* A table never has fewer than 64 places. */
	if (!table || bpf_probe_read_kernel(&file, sizeof(file), table) || !file)
		return 0;
	return BPF_CORE_READ(file, f_inode, i_mode);
}

#endif
