/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef WF_MAPS_TUNABLES_H
#define WF_MAPS_TUNABLES_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wf_tunables);
} wf_tunables_map __weak SEC(".maps");

#endif
