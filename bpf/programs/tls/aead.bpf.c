// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TLS records where they are encrypted and decrypted: rustls over AWS-LC, which keeps no function that writes a stream.
 * One call is one record.
 */
#include "lib/program.h"
#include "lib/aead.h"
#include "lib/tls_hit.h"

/*
 * Told at entry, for at return the ciphertext stands where the plaintext was. It fails only when its caller gave too
 * little room, and then the connection is over.
 */
static __always_inline int sealed(const struct aead_call *call, const struct wf_who *who,
				  __u32 attachment)
{
	struct wf_tls_frame frame = { .direction = WF_DIRECTION_WRITE, .attachment = attachment };
	int layer = aead_layer(call, call->in_length);
	struct wf_tls_thread *state;

	if (layer < 0)
		return 0;
	state = aead_thread();
	if (!state)
		return 0;
	frame.ssl = aead_session(call);
	frame.buffer = call->in;
	frame.layer = layer;
	aead_tell(state, &frame, who, call->in_length);
	return 0;
}

SEC("uprobe")
int wf_tls_aead_seal_enter(struct pt_regs *ctx)
{
	__u32 attachment = tls_hit(ctx);
	struct aead_call call;
	struct wf_who who;

	if (!tls_who(&who) || !aead_arguments(ctx, &call))
		return 0;
	return sealed(&call, &who, attachment);
}

SEC("uprobe")
int wf_tls_aead_seal_scatter_enter(struct pt_regs *ctx)
{
	__u32 attachment = tls_hit(ctx);
	struct aead_call call;
	struct wf_who who;

	if (!tls_who(&who) || !aead_arguments_scatter(ctx, &call))
		return 0;
	return sealed(&call, &who, attachment);
}

SEC("uprobe")
int wf_tls_aead_open_enter(struct pt_regs *ctx)
{
	struct wf_tls_frame frame = { .direction = WF_DIRECTION_READ };
	struct wf_tls_thread *state;
	struct aead_call call;
	struct wf_who who;
	int layer;

	frame.attachment = tls_hit(ctx);
	if (!tls_who(&who) || !aead_arguments(ctx, &call))
		return 0;
	layer = aead_layer(&call, call.in_length - AEAD_TAG);
	if (layer < 0)
		return 0;
	state = aead_thread();
	if (!state)
		return 0;
	frame.ssl = aead_session(&call);
	frame.buffer = call.out;
	frame.moved_at = call.out_length_at;
	frame.length = call.in_length - AEAD_TAG;
	frame.layer = layer;
	tls_frame_open(state, &frame, PT_REGS_SP(ctx));
	return 0;
}

SEC("uprobe")
int wf_tls_aead_open_exit(struct pt_regs *ctx)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct wf_tls_thread *state = bpf_map_lookup_elem(&wf_tls_threads, &thread);
	const struct wf_tls_frame *kept;
	struct wf_tls_frame frame;
	struct wf_who who;
	__u64 moved;

	if (!state)
		return 0;
	kept = tls_frame_take(state, PT_REGS_SP(ctx));
	if (!kept)
		return 0;
	frame = *kept;
	moved = moved_bytes(&frame, PT_REGS_RC(ctx));
	if (moved && tls_who(&who))
		aead_tell(state, &frame, &who, moved);
	return 0;
}
