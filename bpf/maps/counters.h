/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Index cpu * WF_RING_COUNT + ring. Read by user space through a mapping; the loader sets max_entries. */
#ifndef WF_MAPS_COUNTERS_H
#define WF_MAPS_COUNTERS_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, WF_RING_COUNT);
	__type(key, __u32);
	__type(value, struct wf_counters);
} wf_counters __weak SEC(".maps");

#endif
