/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TLS calls a goroutine of an agent is in: it may enter on one thread and return on another. */
#ifndef WF_MAPS_TLS_GOROUTINES_H
#define WF_MAPS_TLS_GOROUTINES_H

#define WF_GO_FRAMES 4

struct wf_goroutine {
	__u64 g; /* address of the runtime's own record of it */
	__u32 tgid;
	__u32 _pad0;
};

/* A call that has been entered and has not returned. Free when depth is 0. */
struct wf_go_frame {
	__u64 conn;
	__u64 buffer; /* its address; of one on the goroutine's stack, how far below the top */
	__u64 length;
	__u64 depth; /* of the stack at entry, bytes: stays when the runtime moves the stack */
	__u64 socket_cookie; /* TCP socket the call used itself; 0: none */
	__u16 direction;
	__u16 on_stack;
	__u32 attachment; /* whose probe that was; 0: not known */
};

struct wf_go_calls {
	struct wf_go_frame frames[WF_GO_FRAMES];
};

/*
 * The entry goes with the last call; of a process killed in one it stays. What is displaced instead is counted when
 * its call returns.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct wf_goroutine);
	__type(value, struct wf_go_calls);
} wf_tls_go_calls __weak SEC(".maps");

/* One element, not 0 once any agent has been in such a call: nobody's sends and receives cost a search before that. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} wf_tls_go_seen __weak SEC(".maps");

#endif
