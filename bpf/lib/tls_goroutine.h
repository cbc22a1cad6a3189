/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which goroutine runs, and the TLS calls it is in. Go's ABIInternal (src/cmd/compile/abi-internal.md) keeps the
 * goroutine in R14 on x86-64 and in R28 on arm64, in system calls too: what makes them uses neither. A goroutine's calls end
 * in the reverse order of their beginning or not at all, so that one entered lower on the stack is over when another
 * begins or ends above it.
 */
#ifndef WF_LIB_TLS_GOROUTINE_H
#define WF_LIB_TLS_GOROUTINE_H

#include "lib/count.h"
#include "maps/tls_goroutines.h"

#if defined(__TARGET_ARCH_x86)
#define GO_G(ctx)    ((ctx)->r14)
#define GO_ARG1(ctx) ((ctx)->ax)
#define GO_ARG2(ctx) ((ctx)->bx)
#define GO_ARG3(ctx) ((ctx)->cx)
#else
#define GO_G(ctx)    ((ctx)->user_regs.regs[28])
#define GO_ARG1(ctx) ((ctx)->user_regs.regs[0])
#define GO_ARG2(ctx) ((ctx)->user_regs.regs[1])
#define GO_ARG3(ctx) ((ctx)->user_regs.regs[2])
#endif

/* The first member of the runtime's record of a goroutine: src/runtime/runtime2.go. */
struct go_stack {
	__u64 low;
	__u64 high;
};

static const volatile struct wf_go_calls blank_calls;

/* Where the goroutine's stack is now, or false, counted: not readable, or it runs on no stack of its own. */
static __always_inline bool go_stack_of(struct pt_regs *regs, struct go_stack *stack)
{
	__u64 sp = PT_REGS_SP(regs);

	if (!bpf_probe_read_user(stack, sizeof(*stack), (void *)GO_G(regs)) && stack->low < sp &&
	    sp < stack->high)
		return true;
	count_loss(WF_RING_PAYLOAD, WF_LOSS_FAULT);
	return false;
}

static __always_inline void go_mark_seen(void)
{
	__u32 zero = 0;
	__u32 *seen = bpf_map_lookup_elem(&wf_tls_go_seen, &zero);

	if (seen && !*seen)
		*seen = 1;
}

static __always_inline struct wf_go_calls *go_calls(const struct wf_goroutine *key)
{
	struct wf_go_calls *calls = bpf_map_lookup_elem(&wf_tls_go_calls, key);

	if (calls)
		return calls;
	bpf_map_update_elem(&wf_tls_go_calls, key, (const void *)&blank_calls, BPF_NOEXIST);
	go_mark_seen();
	return bpf_map_lookup_elem(&wf_tls_go_calls, key);
}

/* Keeps the entry until its return. A stack that grew makes a function begin anew: then it is there already. */
static __always_inline bool go_frame_open(struct wf_go_calls *calls,
					  const struct wf_go_frame *entry)
{
	struct wf_go_frame *place = NULL;

#pragma unroll
	for (int i = 0; i < WF_GO_FRAMES; i++) {
		struct wf_go_frame *frame = &calls->frames[i];

		if (frame->depth >= entry->depth)
			frame->depth = 0;
		if (!frame->depth)
			place = frame;
	}
	if (!place)
		return false;
	*place = *entry;
	return true;
}

/* Takes the entry whose return this is. `left`: calls the goroutine is still in. */
static __always_inline bool go_frame_close(struct wf_go_calls *calls, __u64 depth,
					   struct wf_go_frame *taken, __u32 *left)
{
	bool found = false;

	*left = 0;
#pragma unroll
	for (int i = 0; i < WF_GO_FRAMES; i++) {
		struct wf_go_frame *frame = &calls->frames[i];

		if (frame->depth == depth) {
			*taken = *frame;
			found = true;
		}
		if (frame->depth >= depth)
			frame->depth = 0;
		else if (frame->depth)
			*left += 1;
	}
	return found;
}

/*
 * The goroutine used a socket: that of its innermost call, and of those around it, which are sessions inside that
 * session, until they are seen to use one of their own.
 */
static __always_inline void go_socket_used(__u64 cookie)
{
	struct wf_goroutine key = { .tgid = bpf_get_current_pid_tgid() >> 32 };
	struct wf_go_frame *inner = NULL;
	struct wf_go_calls *calls;
	struct pt_regs *regs;
	__u32 zero = 0;
	__u32 *seen = bpf_map_lookup_elem(&wf_tls_go_seen, &zero);

	if (!seen || !*seen)
		return;
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	key.g = GO_G(regs);
	calls = bpf_map_lookup_elem(&wf_tls_go_calls, &key);
	if (!calls)
		return;
#pragma unroll
	for (int i = 0; i < WF_GO_FRAMES; i++) {
		struct wf_go_frame *frame = &calls->frames[i];

		if (!frame->depth)
			continue;
		if (!inner || frame->depth > inner->depth)
			inner = frame;
		if (!frame->socket_cookie)
			frame->socket_cookie = cookie;
	}
	if (inner)
		inner->socket_cookie = cookie;
}

#endif
