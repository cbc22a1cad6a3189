/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How often the probes of each attached stack were met at the entry of a call, by whomever. Index: the lower half of the
   probe's cookie. */
#ifndef WF_MAPS_TLS_HITS_H
#define WF_MAPS_TLS_HITS_H

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WF_TLS_STACKS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} wf_tls_hits __weak SEC(".maps");

#endif
