/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters by CPU and ring; every path that loses something ends here. */
#ifndef WF_LIB_COUNT_H
#define WF_LIB_COUNT_H

#include "maps/counters.h"

static __always_inline struct wf_counters *count_of(__u32 cpu, __u32 ring)
{
	__u32 index = cpu * WF_RING_COUNT + ring;

	return bpf_map_lookup_elem(&wf_counters, &index);
}

static __always_inline void count_loss(__u32 ring, __u32 cause)
{
	struct wf_counters *counters = count_of(bpf_get_smp_processor_id(), ring);

	if (counters)
		__sync_fetch_and_add(&counters->lost[cause], 1);
}

/*
 * A sequence number. Kernels before 5.12 have an atomic add but none that gives the old value: there a
 * program interrupted between the two statements by another one of the same ring and CPU takes the same
 * number twice. The number that is then missing shows up as a gap; no record is lost unseen.
 */
static __always_inline __u64 count_take(struct wf_counters *counters)
{
#ifdef WF_NO_FETCH_ADD
	__sync_fetch_and_add(&counters->emitted, 1);
	return *(volatile __u64 *)&counters->emitted - 1;
#else
	return __sync_fetch_and_add(&counters->emitted, 1);
#endif
}

#endif
