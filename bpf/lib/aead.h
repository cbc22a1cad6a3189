/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls of AWS-LC's EVP_AEAD_CTX_seal and EVP_AEAD_CTX_open (include/openssl/aead.h), one for each TLS record where
 * rustls does TLS:
 *   int f(ctx, out, size_t *out_len, max_out_len, nonce, nonce_len, in, in_len, ad, ad_len)
 * Everything else that encrypts calls them too (QUIC, tickets, the application itself), so the additional data must
 * be those of a TLS record, and of one with application data.
 */
#ifndef WF_LIB_AEAD_H
#define WF_LIB_AEAD_H

#include "lib/aead_thread.h"
#include "lib/tls_call.h"

#define AEAD_TAG 16
/* RFC 8446, 5.2: the inner plaintext may be 2^14 + 1 bytes long. */
#define AEAD_PLAIN_MAX	     16385
#define TLS_APPLICATION_DATA 23
#define TLS13_AD	     5
#define TLS12_AD	     13

struct aead_call {
	__u64 context;
	__u64 out;
	__u64 out_length_at;
	__u64 out_max;
	__u64 nonce;
	/* In this order on the stack of x86-64. */
	__u64 in;
	__u64 in_length;
	__u64 ad;
	__u64 ad_length;
};

static __always_inline bool aead_arguments(struct pt_regs *ctx, struct aead_call *call)
{
	call->context = PT_REGS_PARM1(ctx);
	call->out = PT_REGS_PARM2(ctx);
	call->out_length_at = PT_REGS_PARM3(ctx);
	call->out_max = PT_REGS_PARM4(ctx);
	call->nonce = PT_REGS_PARM5(ctx);
#if defined(__TARGET_ARCH_x86)
	/* Six in registers; the return address is on top of the others. */
	return !bpf_probe_read_user(&call->in, 4 * sizeof(__u64), (void *)(PT_REGS_SP(ctx) + 8));
#else
	/* Eight in registers. */
	call->in = ((struct user_pt_regs *)ctx)->regs[6];
	call->in_length = ((struct user_pt_regs *)ctx)->regs[7];
	return !bpf_probe_read_user(&call->ad, 2 * sizeof(__u64), (void *)PT_REGS_SP(ctx));
#endif
}

/*
 * int EVP_AEAD_CTX_seal_scatter(ctx, out, out_tag, size_t *out_tag_len, max_out_tag_len, nonce, nonce_len, in, in_len,
 *                               extra_in, extra_in_len, ad, ad_len)
 * Of rustls over AWS-LC what TLS 1.2 writes.
 */
static __always_inline bool aead_arguments_scatter(struct pt_regs *ctx, struct aead_call *call)
{
	/* nonce_len, in, in_len, extra_in, extra_in_len, ad, ad_len; arm64 has the first two in registers. */
	__u64 behind[7] = {};

	call->context = PT_REGS_PARM1(ctx);
#if defined(__TARGET_ARCH_x86)
	call->nonce = ctx->r9;
	if (bpf_probe_read_user(behind, sizeof(behind), (void *)(PT_REGS_SP(ctx) + 8)))
		return false;
#else
	call->nonce = ((struct user_pt_regs *)ctx)->regs[5];
	behind[1] = ((struct user_pt_regs *)ctx)->regs[7];
	if (bpf_probe_read_user(&behind[2], 5 * sizeof(__u64), (void *)PT_REGS_SP(ctx)))
		return false;
#endif
	call->in = behind[1];
	call->in_length = behind[2];
	call->ad = behind[5];
	call->ad_length = behind[6];
	return true;
}

/*
 * What the plaintext of this call is, by its additional data; -1: no TLS record with application data. TLS 1.3 (RFC 8446,
 * 5.2): the record's header, of always that type. TLS 1.2 (RFC 5246, 6.2.3.3): number, type, version, plaintext's length.
 */
static __always_inline int aead_layer(const struct aead_call *call, __u64 plain)
{
	const bool old = call->ad_length == TLS12_AD;
	__u8 header[TLS13_AD] = {};
	__u32 length;

	if (!plain || plain > AEAD_PLAIN_MAX || (!old && call->ad_length != TLS13_AD))
		return -1;
	/* TLS 1.2's begin with the number, of 8 bytes. */
	if (bpf_probe_read_user(header, sizeof(header), (void *)(call->ad + (old ? 8 : 0))))
		return -1;
	length = header[3] << 8 | header[4];
	if (header[0] != TLS_APPLICATION_DATA || header[1] != 3 || header[2] != 3)
		return -1;
	if (length != (old ? plain : plain + AEAD_TAG))
		return -1;
	return old ? WF_LAYER_RECORD : WF_LAYER_INNER;
}

/*
 * A name for one direction of a session under one key. The context's address alone is taken again by the next session,
 * and nothing tells when one ends. The first four bytes of a nonce are of the key's IV and stay while it lives: a record's
 * number is added to the last eight only (RFC 8446, 5.3; RFC 7905, 2; RFC 5288, 3).
 */
static __always_inline __u64 aead_session(const struct aead_call *call)
{
	__u32 salt = 0;

	bpf_probe_read_user(&salt, sizeof(salt), (void *)call->nonce);
	return call->context ^ (__u64)salt << 32;
}

/* Tells a record's plaintext, if it is application data. `moved` as the call gave it, above 0. */
static __always_inline void aead_tell(struct wf_tls_thread *state, struct wf_tls_frame *frame,
				      const struct wf_who *who, __u64 moved)
{
	__u8 type = TLS_APPLICATION_DATA;

	if (frame->layer == WF_LAYER_INNER) {
		/* Not readable: the copy will fail as well, and count it. */
		if (bpf_probe_read_user(&type, 1, (void *)(frame->buffer + moved - 1)))
			type = TLS_APPLICATION_DATA;
		/* Zeros behind the type are padding, of which user space finds the end. */
		if (type == TLS_APPLICATION_DATA) {
			frame->layer = WF_LAYER_RECORD;
			moved--;
		}
	}
	if (type && type != TLS_APPLICATION_DATA) {
		/* The thread's next send is that of a handshake message: it ties nothing written before. */
		if (frame->direction == WF_DIRECTION_WRITE)
			state->unsent_ssl = 0;
		return;
	}
	if (!moved)
		return;
	call_tell(state, frame, who, moved);
}

#endif
