/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets and the processes of other lineages that sent over them, so that each pair is told once; and sockets whose
 * owner was forgotten a moment ago because they are closed.
 */
#ifndef WF_MAPS_RELAYED_H
#define WF_MAPS_RELAYED_H

struct wf_relayed {
	__u64 cookie;
	__u64 start_ns;
	__u32 tgid;
	__u32 _pad0;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct wf_relayed);
	__type(value, __u8);
} wf_relayed_map __weak SEC(".maps");

/* By cookie. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u8);
} wf_closed_map __weak SEC(".maps");

#endif
