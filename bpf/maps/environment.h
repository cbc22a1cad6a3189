/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The names that are looked for in the environment of an exec, and what for: enum wf_environment_flag. */
#ifndef WF_MAPS_ENVIRONMENT_H
#define WF_MAPS_ENVIRONMENT_H

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct wf_environment_name);
	__type(value, __u32);
} wf_environment __weak SEC(".maps");

#endif
