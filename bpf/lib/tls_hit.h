/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counts a call of a probed function before anything is asked about who calls: what it costs a stranger is what the
 * guard against absurd rates has to know. The cookie of the probe names the stack (Linux 5.15; before that nothing is
 * counted). A count that a preempting task takes away is no loss of data.
 */
#ifndef WF_LIB_TLS_HIT_H
#define WF_LIB_TLS_HIT_H

#include "maps/tls_hits.h"

/* libbpf drops what follows three underscores and asks the running kernel. */
enum bpf_func_id___cookie {
	BPF_FUNC_get_attach_cookie___cookie = 174,
};

static __always_inline void tls_hit(void *ctx)
{
#ifndef WF_NO_FETCH_ADD
	__u32 slot;
	__u64 *hits;

	if (!bpf_core_enum_value_exists(enum bpf_func_id___cookie,
					BPF_FUNC_get_attach_cookie___cookie))
		return;
	slot = bpf_get_attach_cookie(ctx);
	hits = bpf_map_lookup_elem(&wf_tls_hits, &slot);
	if (hits)
		*hits += 1;
#else
	(void)ctx;
#endif
}

#endif
