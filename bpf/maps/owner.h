/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Socket cookie -> who opened it. Later edges of a socket run on any task (softirq, timers), so identity
 * comes from here and never from `current`. A socket without an entry is nobody's we watch.
 */
#ifndef WF_MAPS_OWNER_H
#define WF_MAPS_OWNER_H

struct wf_owner {
	struct wf_process_key self;
	struct wf_process_key root;
	__u32 tid;
	/* Of a TCP connection; lib/opening.h. */
	__u32 packets;	 /* with payload, that were looked at */
	__u32 first_seq; /* TCP sequence number of the first payload byte */
	__u32 next;	 /* payload bytes from that one on that went by */
	__u32 until;	 /* of them, up to where all is told */
	__u32 sealed;	 /* lib/sealed.h */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct wf_owner);
} wf_owner_map __weak SEC(".maps");

#endif
