// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Functions that write plaintext: (session, buffer, length). The count moved is the value returned, or comes through
 * a pointer. The names are those of src/event/probe.ts.
 */
#include "lib/program.h"
#include "lib/tls_call.h"

/* int SSL_write(SSL *, void *, int), ssize_t gnutls_record_send(session, void *, size_t). */
SEC("uprobe")
int BPF_KPROBE(wf_tls_write_enter, __u64 session, __u64 buffer, int length)
{
	struct wf_tls_frame entry = { .ssl = session, .buffer = buffer };

	entry.length = length > 0 ? length : 0;
	return tls_enter(ctx, &entry, WF_DIRECTION_WRITE);
}

SEC("uprobe")
int wf_tls_write_exit(struct pt_regs *ctx)
{
	return tls_return(ctx);
}

/* int SSL_write_ex(SSL *, void *, size_t, size_t *moved). */
SEC("uprobe")
int BPF_KPROBE(wf_tls_write_ex_enter, __u64 session, __u64 buffer, __u64 length, __u64 moved)
{
	struct wf_tls_frame entry = { .ssl = session, .buffer = buffer, .length = length };

	entry.moved_at = moved;
	return tls_enter(ctx, &entry, WF_DIRECTION_WRITE);
}

SEC("uprobe")
int wf_tls_write_ex_exit(struct pt_regs *ctx)
{
	return tls_return(ctx);
}

/* int ssl_write_internal(SSL *, void *, size_t, uint64_t flags, size_t *written) of OpenSSL 3.3 and later. */
SEC("uprobe")
int BPF_KPROBE(wf_tls_write_flags_ex_enter, __u64 session, __u64 buffer, __u64 length, __u64 flags,
	       __u64 moved)
{
	struct wf_tls_frame entry = { .ssl = session, .buffer = buffer, .length = length };

	entry.moved_at = moved;
	return tls_enter(ctx, &entry, WF_DIRECTION_WRITE);
}

SEC("uprobe")
int wf_tls_write_flags_ex_exit(struct pt_regs *ctx)
{
	return tls_return(ctx);
}
