/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How much of what a process can do in a loop was told of it lately, by process and kind of record. */
#ifndef WF_MAPS_BUDGET_H
#define WF_MAPS_BUDGET_H

struct wf_budget_key {
	struct wf_process_key process;
	__u64 kind; /* enum wf_kind */
};

struct wf_budget {
	__u64 since_ns;
	__u64 told;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct wf_budget_key);
	__type(value, struct wf_budget);
} wf_budget_map __weak SEC(".maps");

#endif
