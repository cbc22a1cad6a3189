/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A runtime with several threads receives on one that has made no TLS call so far, and decrypts right behind it. Where
 * TLS is read at the cipher nothing else names the socket, so there every thread's receives count.
 */
#ifndef WF_LIB_AEAD_THREAD_H
#define WF_LIB_AEAD_THREAD_H

#include "lib/tls_call.h"
#include "maps/aead_users.h"

/* The state of this thread; its process is one whose receives count from now on. */
static __always_inline struct wf_tls_thread *aead_thread(void)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u32 tgid = thread >> 32;
	__u8 yes = 1;

	if (!bpf_map_lookup_elem(&wf_aead_users, &tgid))
		bpf_map_update_elem(&wf_aead_users, &tgid, &yes, BPF_ANY);
	return tls_thread(thread);
}

/* The state of a thread that receives for the first time; NULL, after one lookup, for everybody else's. */
static __always_inline struct wf_tls_thread *aead_receiver(__u64 thread)
{
	__u32 tgid = thread >> 32;
	struct wf_who who;

	if (!bpf_map_lookup_elem(&wf_aead_users, &tgid) || !tls_who(&who))
		return NULL;
	return tls_thread(thread);
}

#endif
