/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SSL object -> the TCP socket it was last seen to send through, so that a tie is told once and not for each write. */
#ifndef WF_MAPS_TLS_TIED_H
#define WF_MAPS_TLS_TIED_H

struct wf_tls_object {
	__u64 ssl;
	__u32 tgid;
	__u32 _pad0;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct wf_tls_object);
	__type(value, __u64);
} wf_tls_tied __weak SEC(".maps");

#endif
