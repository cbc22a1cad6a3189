/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TLS calls between entry and return. A return is matched with its entry by the stack pointer, not by
 * nesting: TLS inside TLS, calls left by longjmp and calls suspended on the stack of a coroutine would
 * each give a return to the wrong entry.
 */
#ifndef WF_LIB_TLS_FRAME_H
#define WF_LIB_TLS_FRAME_H

#include "lib/count.h"
#include "maps/tls_threads.h"

/*
 * One variant calling the other (LibreSSL's SSL_write_ex calls SSL_write) stands this near above its caller.
 * An older entry of the same object further off never returned.
 */
#define VARIANT_STACK 4096

/* At return the stack pointer is past the return address that was on top at entry. */
#if defined(__TARGET_ARCH_x86)
#define RETURN_SP_OFFSET 8
#else
#define RETURN_SP_OFFSET 0
#endif

static const volatile struct wf_tls_thread blank_thread;

/* The state of a thread of an agent; NULL when the table is full, counted. */
static __always_inline struct wf_tls_thread *tls_thread(__u64 thread)
{
	struct wf_tls_thread *state = bpf_map_lookup_elem(&wf_tls_threads, &thread);

	if (state)
		return state;
	bpf_map_update_elem(&wf_tls_threads, &thread, (const void *)&blank_thread, BPF_NOEXIST);
	state = bpf_map_lookup_elem(&wf_tls_threads, &thread);
	if (!state)
		count_loss(WF_RING_PAYLOAD, WF_LOSS_TABLE_FULL);
	return state;
}

static __always_inline bool frame_is_caller(const struct wf_tls_thread *state, int i,
					    const struct wf_tls_frame *entry, __u64 sp)
{
	const struct wf_tls_frame *frame = &state->frames[i];

	return state->sp[i] > sp && state->sp[i] - sp < VARIANT_STACK && frame->ssl == entry->ssl &&
	       frame->direction == entry->direction;
}

/* Pointers, not an index: of one the compiler drops the mask, and the verifier of Linux 6.1 then knows no bound. */
struct frame_place {
	struct wf_tls_frame *frame;
	__u64 *sp;
};

static __always_inline struct frame_place frame_oldest(struct wf_tls_thread *state)
{
	struct frame_place oldest = { &state->frames[0], &state->sp[0] };

#pragma unroll
	for (int i = 1; i < WF_TLS_FRAMES; i++) {
		if ((__s32)(state->frames[i].opened - oldest.frame->opened) < 0)
			oldest = (struct frame_place){ &state->frames[i], &state->sp[i] };
	}
	return oldest;
}

/*
 * Keeps the entry until its return: in the place of one that had this very stack pointer and so is gone, in
 * a free one, or in that of the oldest.
 */
static __always_inline void tls_frame_open(struct wf_tls_thread *state, struct wf_tls_frame *entry,
					   __u64 sp)
{
	struct frame_place place = {};

#pragma unroll
	for (int i = 0; i < WF_TLS_FRAMES; i++) {
		if (frame_is_caller(state, i, entry, sp))
			return;
		if (state->sp[i] == sp || (!place.frame && !state->sp[i]))
			place = (struct frame_place){ &state->frames[i], &state->sp[i] };
	}
	if (!place.frame) {
		place = frame_oldest(state);
		count_loss(WF_RING_PAYLOAD, WF_LOSS_TABLE_FULL);
	}
	entry->opened = ++state->opened;
	*place.sp = sp;
	*place.frame = *entry;
}

/* Takes the entry whose return this is, or gives NULL. Who takes it reads it before the thread's next call. */
static __always_inline const struct wf_tls_frame *tls_frame_take(struct wf_tls_thread *state,
								 __u64 sp)
{
#pragma unroll
	for (int i = 0; i < WF_TLS_FRAMES; i++) {
		if (state->sp[i] == sp - RETURN_SP_OFFSET) {
			state->sp[i] = 0;
			return &state->frames[i];
		}
	}
	return NULL;
}

/* The innermost call the thread is in, or NULL. */
static __always_inline struct wf_tls_frame *tls_frame_inner(struct wf_tls_thread *state)
{
	struct wf_tls_frame *inner = NULL;

#pragma unroll
	for (int i = 0; i < WF_TLS_FRAMES; i++) {
		struct wf_tls_frame *frame = &state->frames[i];

		if (state->sp[i] && (!inner || (__s32)(frame->opened - inner->opened) > 0))
			inner = frame;
	}
	return inner;
}

#endif
