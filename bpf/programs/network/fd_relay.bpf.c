// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sockets that are used by somebody else than who opened them: passed over a unix socket (SCM_RIGHTS), taken with
 * pidfd_getfd(2), or inherited from outside the lineage. A socket keeps its owner, so this compares. A program of its
 * own beside sock_send.bpf.c, which asks about agents' threads only; of everybody else this one asks two maps.
 */
#include "lib/program.h"
#include "lib/emit.h"
#include "lib/owner.h"
#include "lib/tuple.h"
#include "maps/relayed.h"

struct relay {
	struct wf_who user;
	struct wf_who opener;
	bool user_told;
	bool opener_told;
};

static __always_inline bool concerns(const struct wf_who *who, bool told)
{
	return told && (who->verdict == WF_VERDICT_AGENT || who->verdict == WF_VERDICT_PENDING);
}

static __always_inline bool is_first(__u64 cookie, const struct wf_process_key *user)
{
	struct wf_relayed key = { .cookie = cookie,
				  .start_ns = user->start_ns,
				  .tgid = user->tgid };
	__u8 one = 1;

	return bpf_map_update_elem(&wf_relayed_map, &key, &one, BPF_NOEXIST) == 0;
}

static __always_inline void emit_relay(const struct relay *relay, struct sock *sk, __u64 cookie)
{
	struct emit_what what = { WF_RING_NETWORK, sizeof(struct wf_fd_relay), WF_KIND_FD_RELAY };
	bool by_user = concerns(&relay->user, relay->user_told);
	struct wf_fd_relay *record;
	struct wf_tuple tuple = {};

	tuple_of_sock(&tuple, sk);
	tuple.protocol = sk->sk_protocol;
	record = emit_begin(by_user ? &relay->user : &relay->opener, what);
	if (!record)
		return;
	record->cookie = cookie;
	record->opener = relay->opener.self;
	record->opener_root = relay->opener.root;
	record->user = relay->user.self;
	record->user_root = relay->user.root;
	record->tuple = tuple;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	emit_end(record, WF_RING_NETWORK);
}

/* Nearly every send. */
static __always_inline bool is_openers(const struct wf_owner *owner, __u64 thread)
{
	return owner && owner->self.tgid == thread >> 32 &&
	       owner->self.start_ns == current_start_ns();
}

/* Who sends; not only of lineages, for it may be anybody to whom a socket was passed. */
static __always_inline void find_user(struct relay *relay, __u64 thread)
{
	relay->user_told = scope_find_thread(thread, &relay->user);
	if (!relay->user_told) {
		relay->user.self.tgid = thread >> 32;
		relay->user.self.start_ns = current_start_ns();
		relay->user.root.tgid = 0;
		relay->user.root.start_ns = 0;
	}
}

/* A clone of a listening socket has its backlog: it was accepted, and never had an opener (inet_csk_clone_lock). */
static __always_inline bool was_accepted(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_max_ack_backlog) != 0;
}

static __always_inline bool is_internet(struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;

	return (family == AF_INET || family == AF_INET6) &&
	       (sk->sk_protocol == IPPROTO_TCP || sk->sk_protocol == IPPROTO_UDP);
}

static __always_inline int sent_by_another(struct sock *sk, __u64 cookie,
					   const struct wf_owner *owner, __u64 thread)
{
	struct relay relay = {};

	find_user(&relay, thread);
	if (owner) {
		relay.opener_told = owner_who(owner, &relay.opener);
		if (relay.user_told && scope_same(&relay.opener.root, &relay.user.root))
			return 0;
	} else if (was_accepted(sk) || bpf_map_lookup_elem(&wf_closed_map, &cookie)) {
		return 0;
	}
	if (!concerns(&relay.user, relay.user_told) &&
	    !(owner && concerns(&relay.opener, relay.opener_told)))
		return 0;
	if (is_first(cookie, &relay.user.self))
		emit_relay(&relay, sk, cookie);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(wf_fd_relay, struct sock *sk, int sent, int flags)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct wf_owner *owner;
	__u64 cookie;

	if (sent <= 0 || !is_internet(sk))
		return 0;
	cookie = sk->__sk_common.skc_cookie.counter;
	owner = bpf_map_lookup_elem(&wf_owner_map, &cookie);
	return is_openers(owner, thread) ? 0 : sent_by_another(sk, cookie, owner, thread);
}
