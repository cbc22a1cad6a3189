/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where an exec record is put together before its size is known. Only wf_exec writes here, and the kernel
 * does not run it twice at once on one CPU.
 */
#ifndef WF_MAPS_EXEC_SCRATCH_H
#define WF_MAPS_EXEC_SCRATCH_H

#define WF_EXEC_TAIL \
	12288 /* path, cwd, argv and environment at their longest, and room for what a mask allows */
#define WF_EXEC_TAIL_AT \
	0xfff /* mask of a start inside the tail: a name or argv has as much room again behind it */
#define WF_EXEC_ENV_AT 0x1fff /* the same where the environment starts, which is WF_ENV_MAX long */
#define WF_ENV_AT      0x7ff  /* mask of a start inside env; WF_ENV_VARIABLE_MAX fit behind it */

struct wf_exec_scratch {
	struct wf_exec record;
	char tail[WF_EXEC_TAIL];
	struct dentry *names[WF_PATH_DEPTH];
	/* Of the path being written. Here and not in registers: the verifier would follow every value they can have. */
	__u32 path_names;
	__u32 path_written;
	__u32 path_truncated;
	__u32 path_mounts;
	/* Of the environment: one variable as it was read, its name, and what was found of all. */
	char variable[WF_ENV_VARIABLE_MAX];
	struct wf_environment_name name;
	char env[WF_ENV_MAX + WF_ENV_VARIABLE_MAX];
	__u32 env_written;
	__u32 env_truncated;
	__u32 env_candidate; /* it has a name that makes a root */
	__u32 env_inside; /* the next that is read goes on with a variable, and does not begin one */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wf_exec_scratch);
} wf_exec_scratch __weak SEC(".maps");

static __always_inline struct wf_exec_scratch *exec_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&wf_exec_scratch, &zero);
}

#endif
