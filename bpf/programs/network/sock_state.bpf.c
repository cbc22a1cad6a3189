// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What became of a TCP connect: established, with the source port it got, or closed, with what it moved.
 * Runs on any task, so who it is about comes from the owner of the socket.
 */
#include "lib/program.h"
#include "lib/emit.h"
#include "lib/owner.h"
#include "lib/tuple.h"

#define SOCK_DONE 1 /* enum sock_flags, include/net/sock.h: tcp_fin() has seen the peer's FIN */

/* The kernel counts the peer's FIN as a byte. */
static __always_inline __u64 received_bytes(const struct sock *sk)
{
	__u64 received = BPF_CORE_READ((struct tcp_sock *)sk, bytes_received);
	__u64 fin = BPF_CORE_READ(sk, __sk_common.skc_flags) >> SOCK_DONE & 1;

	return received > fin ? received - fin : 0;
}

static __always_inline void emit_state(const struct wf_who *who, __u64 cookie,
				       const struct sock *sk, int from, int to)
{
	struct emit_what what = { WF_RING_NETWORK, sizeof(struct wf_flow_state),
				  WF_KIND_FLOW_STATE };
	struct wf_flow_state *record = emit_begin(who, what);
	struct tcp_sock *tcp = (void *)sk;
	struct wf_tuple tuple = {};

	if (!record)
		return;
	tuple_of_sock(&tuple, sk);
	record->cookie = cookie;
	record->bytes_sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	record->bytes_received = received_bytes(sk);
	record->tuple = tuple;
	record->old_state = from;
	record->new_state = to;
	record->error = BPF_CORE_READ(sk, sk_err);
	record->_pad0 = 0;
	emit_end(record, WF_RING_NETWORK);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(wf_sock_state, const struct sock *sk, int from, int to)
{
	struct wf_who who = {};
	struct wf_owner *owner;
	__u64 cookie;

	if (to != TCP_ESTABLISHED && to != TCP_CLOSE)
		return 0;
	cookie = sk->__sk_common.skc_cookie.counter;
	owner = bpf_map_lookup_elem(&wf_owner_map, &cookie);
	if (!owner)
		return 0;
	if (owner_who(owner, &who))
		emit_state(&who, cookie, sk, from, to);
	if (to == TCP_CLOSE)
		owner_forget(cookie);
	return 0;
}
