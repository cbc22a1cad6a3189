// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Ties an SSL object to its socket. A send inside a TLS call names the socket of that call. With a memory BIO
 * (Node, Bun, asyncio) the call only encrypts, and the thread's next send carries it: that is told once
 * for an object and a socket.
 */
#include "lib/program.h"
#include "lib/emit.h"
#include "lib/tls_frame.h"
#include "lib/tls_goroutine.h"
#include "lib/tls_socket.h"
#include "maps/tls_tied.h"

/* True: nobody was told of this pair yet. */
static __always_inline bool tie(__u32 tgid, __u64 ssl, __u64 cookie)
{
	struct wf_tls_object object = { .ssl = ssl, .tgid = tgid };
	__u64 *tied = bpf_map_lookup_elem(&wf_tls_tied, &object);

	if (tied && *tied == cookie)
		return false;
	bpf_map_update_elem(&wf_tls_tied, &object, &cookie, BPF_ANY);
	return true;
}

static __always_inline void emit_send(const struct wf_who *who, const struct wf_tls_thread *state,
				      __u64 cookie, __u32 sent)
{
	struct emit_what what = { WF_RING_NETWORK, sizeof(struct wf_tls_send), WF_KIND_TLS_SEND };
	struct wf_tls_send *record = emit_begin(who, what);

	if (!record)
		return;
	record->ssl = state->unsent_ssl;
	record->call = state->unsent_call;
	record->cookie = cookie;
	record->plain = state->unsent_plain;
	record->sent = sent;
	emit_end(record, WF_RING_NETWORK);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(wf_sock_send, struct sock *sk, int sent, int flags)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct wf_tls_thread *state = bpf_map_lookup_elem(&wf_tls_threads, &thread);
	struct wf_tls_frame *frame;
	struct wf_who who;
	__u64 cookie;

	if (sent <= 0)
		return 0;
	cookie = tcp_cookie(sk);
	if (!cookie)
		return 0;
	go_socket_used(cookie);
	if (!state)
		return 0;
	frame = tls_frame_inner(state);
	if (frame) {
		frame->socket_cookie = cookie;
	} else if (state->unsent_ssl) {
		if (scope_find_current(&who) && tie(who.self.tgid, state->unsent_ssl, cookie))
			emit_send(&who, state, cookie, sent);
		state->unsent_ssl = 0;
	}
	return 0;
}
