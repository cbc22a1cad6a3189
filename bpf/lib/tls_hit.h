/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which attachment a probe belongs to, by its cookie: the number above, the place of its count below. Linux 5.15; before
 * that nothing is known and nothing is counted. A call is counted before anything is asked about who calls: what it
 * costs a stranger is what the guard against absurd rates has to know. A count that a preempting task takes away is no
 * loss of data.
 */
#ifndef WF_LIB_TLS_HIT_H
#define WF_LIB_TLS_HIT_H

#include "maps/tls_hits.h"

/* libbpf drops what follows three underscores and asks the running kernel. */
enum bpf_func_id___cookie {
	BPF_FUNC_get_attach_cookie___cookie = 174,
};

/* Counts a call at its entry. Gives the number of the attachment; 0: not known. */
static __always_inline __u32 tls_hit(void *ctx)
{
#ifndef WF_NO_FETCH_ADD
	__u64 cookie, *hits;
	__u32 slot;

	if (!bpf_core_enum_value_exists(enum bpf_func_id___cookie,
					BPF_FUNC_get_attach_cookie___cookie))
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	slot = cookie;
	hits = bpf_map_lookup_elem(&wf_tls_hits, &slot);
	if (hits)
		*hits += 1;
	return cookie >> 32;
#else
	(void)ctx;
	return 0;
#endif
}

#endif
