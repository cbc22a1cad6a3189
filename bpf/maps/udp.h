/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One entry for each UDP flow: a socket and one remote address. */
#ifndef WF_MAPS_UDP_H
#define WF_MAPS_UDP_H

struct wf_udp_key {
	__u64 cookie;
	__u8 dst[WF_ADDRESS_LEN];
	__u16 dst_port;
	__u16 family;
	__u32 _pad0;
};

struct wf_udp {
	__u64 datagrams;
	__u64 bytes;
	__u64 told_ns;	/* when user space last heard of it */
	__u64 initials; /* QUIC Initials that were told */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct wf_udp_key);
	__type(value, struct wf_udp);
} wf_udp_map __weak SEC(".maps");

#endif
