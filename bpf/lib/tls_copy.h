/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The plaintext of one successful call, copied once, from the process straight into the ring, in records of
 * at most WF_TLS_CHUNK_MAX. A record is reserved by size class: the ring needs a constant, and the largest
 * one for 200 bytes would waste the ring.
 */
#ifndef WF_LIB_TLS_COPY_H
#define WF_LIB_TLS_COPY_H

#include "lib/emit.h"
#include "maps/tls_threads.h"

static __always_inline void copy_count(const struct wf_who *who, __u64 bytes)
{
	struct wf_counters *counters = count_of(bpf_get_smp_processor_id(), WF_RING_PAYLOAD);

	if (!counters)
		return;
	if (who->verdict == WF_VERDICT_AGENT)
		__sync_fetch_and_add(&counters->payload_bytes_agent, bytes);
	else
		__sync_fetch_and_add(&counters->payload_bytes_foreign, bytes);
}

static __always_inline void copy_fill(struct wf_tls_data *record, const struct wf_tls_call *call,
				      __u32 offset)
{
	record->ssl = call->ssl;
	record->call = call->id;
	record->socket_cookie = call->socket_cookie;
	record->last_receive = call->last_receive;
	record->original = call->original;
	record->kept = call->kept;
	record->offset = offset;
	record->direction = call->direction;
	record->layer = call->layer;
	record->attachment = call->attachment;
}

/*
 * A call is named by the place of its first record: CPU and sequence number are unique per boot already,
 * and are taken even when that record is lost.
 */
static __always_inline void copy_class(struct wf_tls_call *call, __u32 offset, __u32 length,
				       const __u32 max)
{
	struct emit_what what = { WF_RING_PAYLOAD, sizeof(struct wf_tls_data) + max,
				  WF_KIND_TLS_DATA };
	struct emit_place place = emit_take(WF_RING_PAYLOAD);
	struct wf_tls_data *record =
		bpf_ringbuf_reserve(&wf_ring_payload, sizeof(*record) + max, 0);
	__u64 bytes = BOUNDED(length, max);

	if (offset == 0)
		call->id = ((__u64)place.cpu + 1) << 48 | place.seq;
	if (!record) {
		count_loss(WF_RING_PAYLOAD, WF_LOSS_RING_FULL);
		return;
	}
	if (bpf_probe_read_user(record + 1, bytes, (void *)(call->buffer + offset))) {
		bytes = 0;
		count_loss(WF_RING_PAYLOAD, WF_LOSS_FAULT);
	}
	copy_count(&call->who, bytes);
	what.size = sizeof(*record) + bytes;
	emit_header(&record->h, &call->who, what, place);
	copy_fill(record, call, offset);
	record->captured = bytes;
	emit_end(record, WF_RING_PAYLOAD);
}

/* One record, from `offset` of the call. */
static __always_inline void copy_chunk(struct wf_tls_call *call, __u32 offset)
{
	__u32 left = call->kept - offset;

	if (left <= 256)
		copy_class(call, offset, left, 256);
	else if (left <= 1024)
		copy_class(call, offset, left, 1024);
	else if (left <= 4096)
		copy_class(call, offset, left, 4096);
	else if (left <= 8192)
		copy_class(call, offset, left, 8192);
	else
		copy_class(call, offset, left, WF_TLS_CHUNK_MAX);
}

/*
 * A record behind the first, of the call of this thread. Global, so that the verifier checks it once and not
 * for each of the WF_TLS_CHUNKS_MAX rounds of the loop that calls it.
 */
__weak __noinline int copy_more(__u32 offset)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct wf_tls_thread *state = bpf_map_lookup_elem(&wf_tls_threads, &thread);

	if (state)
		copy_chunk(&state->call, offset);
	return 0;
}

/* All records of a call; it has its name and what is kept of it afterwards. */
static __always_inline void copy_call(struct wf_tls_thread *state, struct wf_tls_call *call)
{
	__u32 zero = 0, offset = WF_TLS_CHUNK_MAX;
	struct wf_tunables *tunables = bpf_map_lookup_elem(&wf_tunables_map, &zero);

	__u32 limit = WF_TLS_CHUNKS_MAX * WF_TLS_CHUNK_MAX;

	if (tunables && tunables->max_call_bytes < limit)
		limit = tunables->max_call_bytes;
	call->kept = call->original;
	if (call->kept > limit) {
		call->kept = limit;
		count_loss(WF_RING_PAYLOAD, WF_LOSS_CALL_LIMIT);
	}
	copy_chunk(call, 0);
	if (call->kept <= WF_TLS_CHUNK_MAX)
		return;
	state->call = *call;
	for (int i = 1; i < WF_TLS_CHUNKS_MAX; i++) {
		copy_more(offset);
		offset += WF_TLS_CHUNK_MAX;
		if (offset >= call->kept)
			return;
	}
}

#endif
