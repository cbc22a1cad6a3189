/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of a thread of an agent between entry and return of its TLS calls, and between calls. */
#ifndef WF_MAPS_TLS_THREADS_H
#define WF_MAPS_TLS_THREADS_H

#include "lib/scope.h"

#define WF_TLS_FRAMES 4

/* A call that has been entered and has not returned. */
struct wf_tls_frame {
	__u64 ssl;
	__u64 buffer;
	__u64 moved_at; /* user address of *written or *readbytes; 0: the count is the return value */
	__u64 socket_cookie; /* TCP socket the call used itself; 0: none */
	__u64 length;
	__u32 direction;
	__u32 layer;	  /* enum wf_layer */
	__u32 opened;	  /* order of entry on this thread */
	__u32 attachment; /* whose probe that was; 0: not known */
};

/* A call that has returned, while its plaintext is copied. */
struct wf_tls_call {
	struct wf_who who;
	__u64 ssl;
	__u64 id;
	__u64 buffer;
	__u64 socket_cookie;
	__u64 last_receive;
	__u32 original;
	__u32 kept;
	__u16 direction;
	__u16 layer;
	__u32 attachment;
};

/* What every call looks at stands first and together: between two calls it is in nobody's cache. */
struct wf_tls_thread {
	__u64 sp[WF_TLS_FRAMES]; /* of frames[] at entry; 0: free */
	__u32 opened;
	__u32 unsent_plain;
	/* The last write, when it used no socket: the thread's next send carries it. Free when ssl is 0. */
	__u64 unsent_ssl;
	__u64 unsent_call;
	__u64 last_receive; /* TCP socket the thread last received from */
	struct wf_tls_frame frames[WF_TLS_FRAMES];
	struct wf_tls_call call; /* of more than one record */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct wf_tls_thread);
} wf_tls_threads __weak SEC(".maps");

#endif
