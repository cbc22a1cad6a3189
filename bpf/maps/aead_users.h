/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Processes (tgid) whose TLS is read at the cipher: of them a receive counts on a thread that has made no such call yet. */
#ifndef WF_MAPS_AEAD_USERS_H
#define WF_MAPS_AEAD_USERS_H

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u8);
} wf_aead_users __weak SEC(".maps");

#endif
