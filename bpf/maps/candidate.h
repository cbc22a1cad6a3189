/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names that make an exec outside every lineage worth asking user space about. */
#ifndef WF_MAPS_CANDIDATE_H
#define WF_MAPS_CANDIDATE_H

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct wf_candidate);
	__type(value, __u8);
} wf_candidate_map __weak SEC(".maps");

#endif
