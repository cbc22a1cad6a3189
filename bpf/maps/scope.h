/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which processes are in a lineage, and what each lineage was decided to be. */
#ifndef WF_MAPS_SCOPE_H
#define WF_MAPS_SCOPE_H

/* tgid -> its root. Preallocated: it is written from tracepoints. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct wf_scope);
} wf_scope_map __weak SEC(".maps");

/* Root -> enum wf_verdict. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct wf_process_key);
	__type(value, __u32);
} wf_verdict_map __weak SEC(".maps");

#endif
