/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Three rings, so that a flood of one sort cannot displace another. The loader sets their sizes. */
#ifndef WF_MAPS_RINGS_H
#define WF_MAPS_RINGS_H

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} wf_ring_lifecycle __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} wf_ring_network __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 23);
} wf_ring_payload __weak SEC(".maps");

#endif
