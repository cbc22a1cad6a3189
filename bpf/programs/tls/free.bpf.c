// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* void SSL_free(SSL *) and the like. */
#include "lib/program.h"
#include "lib/tls_end.h"

SEC("uprobe")
int BPF_KPROBE(wf_tls_free, __u64 session)
{
	return tls_end(session);
}
