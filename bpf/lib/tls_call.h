/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entry and return of a TLS call. What was asked is kept at entry; what happened is told at return, and only
 * of a call that succeeded: a write that fails with WANT_WRITE comes again with the same bytes, and a
 * partial write took fewer than it was given.
 */
#ifndef WF_LIB_TLS_CALL_H
#define WF_LIB_TLS_CALL_H

#include "lib/tls_copy.h"
#include "lib/tls_frame.h"
#include "lib/tls_hit.h"

/* Everybody but agents is out after one or two lookups. */
static __always_inline bool tls_who(struct wf_who *who)
{
	return scope_find_thread(bpf_get_current_pid_tgid(), who) &&
	       who->verdict == WF_VERDICT_AGENT;
}

static __always_inline int tls_enter(struct pt_regs *ctx, struct wf_tls_frame *entry,
				     __u32 direction)
{
	struct wf_tls_thread *state;
	struct wf_who who;

	entry->direction = direction;
	entry->attachment = tls_hit(ctx);
	if (!tls_who(&who))
		return 0;
	state = tls_thread(bpf_get_current_pid_tgid());
	if (state)
		tls_frame_open(state, entry, PT_REGS_SP(ctx));
	return 0;
}

/* Bytes the call moved; 0 when it failed. */
static __always_inline __u64 moved_bytes(const struct wf_tls_frame *frame, int returned)
{
	__u64 moved = 0;

	if (returned <= 0)
		return 0;
	if (!frame->moved_at)
		moved = returned;
	else if (bpf_probe_read_user(&moved, sizeof(moved), (void *)frame->moved_at))
		count_loss(WF_RING_PAYLOAD, WF_LOSS_FAULT);
	/* The count is the process's word; its buffer was no longer than this. */
	return moved < frame->length ? moved : frame->length;
}

static __always_inline void call_begin(struct wf_tls_call *call, const struct wf_tls_thread *state,
				       const struct wf_tls_frame *frame, const struct wf_who *who,
				       __u64 moved)
{
	call->who = *who;
	call->ssl = frame->ssl;
	call->buffer = frame->buffer;
	call->socket_cookie = frame->socket_cookie;
	call->last_receive = frame->direction == WF_DIRECTION_READ ? state->last_receive : 0;
	call->original = moved > 0xffffffff ? 0xffffffff : moved;
	call->direction = frame->direction;
	call->layer = frame->layer;
	call->attachment = frame->attachment;
}

/* A write that used no socket is on its way with the thread's next send; see sock_send.bpf.c. */
static __always_inline void remember_unsent(struct wf_tls_thread *state,
					    const struct wf_tls_call *call)
{
	if (call->direction != WF_DIRECTION_WRITE)
		return;
	state->unsent_ssl = call->socket_cookie ? 0 : call->ssl;
	state->unsent_call = call->id;
	state->unsent_plain = call->original;
}

/* The call returned and moved something: it is told. */
static __always_inline void call_tell(struct wf_tls_thread *state, const struct wf_tls_frame *frame,
				      const struct wf_who *who, __u64 moved)
{
	struct wf_tls_call call;

	call_begin(&call, state, frame, who, moved);
	copy_call(state, &call);
	remember_unsent(state, &call);
}

static __always_inline int tls_return(struct pt_regs *ctx)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct wf_tls_thread *state = bpf_map_lookup_elem(&wf_tls_threads, &thread);
	const struct wf_tls_frame *frame;
	struct wf_who who;
	__u64 moved;

	if (!state)
		return 0;
	frame = tls_frame_take(state, PT_REGS_SP(ctx));
	if (!frame)
		return 0;
	moved = moved_bytes(frame, PT_REGS_RC(ctx));
	if (!moved || !tls_who(&who))
		return 0;
	call_tell(state, frame, &who, moved);
	return 0;
}

#endif
