// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * func (c *tls.Conn) Write(b []byte) (int, error), Read and Close, as Go calls since 1.17 (x86-64) and 1.18 (arm64):
 * receiver, pointer and length in the first three integer registers, the count in the first. A return probe would put an
 * address on the stack that the runtime does not know, and it walks and moves stacks: so each instruction that
 * returns has a probe.
 */
#include "lib/program.h"
#include "lib/tls_end.h"
#include "lib/tls_goroutine.h"
#include "lib/tls_hit.h"

static __always_inline int go_enter(struct pt_regs *ctx, __u32 direction)
{
	struct wf_go_frame entry = { .conn = GO_ARG1(ctx), .buffer = GO_ARG2(ctx) };
	struct wf_goroutine key = { .g = GO_G(ctx) };
	struct wf_go_calls *calls;
	struct go_stack stack;
	struct wf_who who;

	entry.attachment = tls_hit(ctx);
	if (!tls_who(&who) || !go_stack_of(ctx, &stack))
		return 0;
	key.tgid = who.self.tgid;
	entry.length = GO_ARG3(ctx);
	entry.direction = direction;
	entry.depth = stack.high - PT_REGS_SP(ctx);
	entry.on_stack = entry.buffer >= stack.low && entry.buffer < stack.high;
	if (entry.on_stack)
		entry.buffer = stack.high - entry.buffer;
	calls = go_calls(&key);
	if (!calls || !go_frame_open(calls, &entry))
		count_loss(WF_RING_PAYLOAD, WF_LOSS_TABLE_FULL);
	return 0;
}

/* What of the call is told, in the state of the thread it returned on. */
static __always_inline void go_tell(const struct wf_go_frame *frame, const struct wf_who *who,
				    __u64 buffer, __u64 moved)
{
	struct wf_tls_thread *state = tls_thread(bpf_get_current_pid_tgid());
	struct wf_tls_call call = { .who = *who, .ssl = frame->conn, .buffer = buffer };

	if (!state)
		return;
	/* Not the socket the thread received from last: threads are anybody's here, and it was another goroutine's. */
	call.socket_cookie = frame->socket_cookie;
	call.original = moved > 0xffffffff ? 0xffffffff : moved;
	call.direction = frame->direction;
	call.layer = WF_LAYER_STREAM;
	call.attachment = frame->attachment;
	copy_call(state, &call);
}

static __always_inline int go_return(struct pt_regs *ctx, __u32 direction)
{
	struct wf_goroutine key = { .g = GO_G(ctx) };
	__s64 returned = GO_ARG1(ctx);
	struct wf_go_frame frame = {};
	struct wf_go_calls *calls;
	struct go_stack stack;
	bool found = false;
	struct wf_who who;
	__u32 left = 0;
	__u64 moved;

	if (!tls_who(&who) || !go_stack_of(ctx, &stack))
		return 0;
	key.tgid = who.self.tgid;
	calls = bpf_map_lookup_elem(&wf_tls_go_calls, &key);
	if (calls) {
		found = go_frame_close(calls, stack.high - PT_REGS_SP(ctx), &frame, &left);
		if (!left)
			bpf_map_delete_elem(&wf_tls_go_calls, &key);
	}
	if (returned <= 0)
		return 0;
	/* Its entry was displaced, or came before the probes. */
	if (!found || frame.direction != direction) {
		count_loss(WF_RING_PAYLOAD, WF_LOSS_TABLE_FULL);
		return 0;
	}
	if (frame.on_stack)
		frame.buffer = stack.high - frame.buffer;
	/* The count is the process's word; its buffer was no longer than this. */
	moved = returned;
	go_tell(&frame, &who, frame.buffer, moved < frame.length ? moved : frame.length);
	return 0;
}

SEC("uprobe")
int wf_tls_go_write_enter(struct pt_regs *ctx)
{
	return go_enter(ctx, WF_DIRECTION_WRITE);
}

SEC("uprobe")
int wf_tls_go_write_exit(struct pt_regs *ctx)
{
	return go_return(ctx, WF_DIRECTION_WRITE);
}

SEC("uprobe")
int wf_tls_go_read_enter(struct pt_regs *ctx)
{
	return go_enter(ctx, WF_DIRECTION_READ);
}

SEC("uprobe")
int wf_tls_go_read_exit(struct pt_regs *ctx)
{
	return go_return(ctx, WF_DIRECTION_READ);
}

SEC("uprobe")
int wf_tls_go_close(struct pt_regs *ctx)
{
	return tls_end(GO_ARG1(ctx));
}
