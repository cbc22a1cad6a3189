// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* int SSL_write(SSL *, void *, int): the count is the value returned. SSL_write_ex gives it through a pointer. */
#include "lib/program.h"
#include "lib/tls_call.h"

SEC("uprobe")
int BPF_KPROBE(wf_ssl_write_enter, __u64 ssl, __u64 buffer, int length)
{
	struct wf_tls_frame entry = { .ssl = ssl, .buffer = buffer, .sp = PT_REGS_SP(ctx) };

	entry.length = length > 0 ? length : 0;
	entry.direction = WF_DIRECTION_WRITE;
	return tls_enter(&entry);
}

SEC("uprobe")
int wf_ssl_write_exit(struct pt_regs *ctx)
{
	return tls_return(ctx);
}

SEC("uprobe")
int BPF_KPROBE(wf_ssl_write_ex_enter, __u64 ssl, __u64 buffer, __u64 length, __u64 written)
{
	struct wf_tls_frame entry = { .ssl = ssl, .buffer = buffer, .sp = PT_REGS_SP(ctx) };

	entry.length = length;
	entry.moved_at = written;
	entry.direction = WF_DIRECTION_WRITE;
	return tls_enter(&entry);
}

SEC("uprobe")
int wf_ssl_write_ex_exit(struct pt_regs *ctx)
{
	return tls_return(ctx);
}
