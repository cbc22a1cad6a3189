/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The only way into a ring: number, header, wake-up and the counting of what did not fit. */
#ifndef WF_LIB_EMIT_H
#define WF_LIB_EMIT_H

#include "lib/count.h"
#include "lib/scope.h"
#include "maps/rings.h"
#include "maps/tunables.h"

/* What a record is, beside who it is about. `ring` and `size` are constants at every call. */
struct emit_what {
	__u32 ring;
	__u32 size;
	__u16 kind;
};

/*
 * The place of a record among those of its CPU and ring, and when it happened. Taken before the room in the ring: who
 * reads that ring then knows of a record it leaves that nothing behind it was written before that moment.
 */
struct emit_place {
	__u64 boot_ns;
	__u64 seq;
	__u32 cpu;
};

static __always_inline void *emit_ring(__u32 ring)
{
	if (ring == WF_RING_LIFECYCLE)
		return &wf_ring_lifecycle;
	if (ring == WF_RING_NETWORK)
		return &wf_ring_network;
	return &wf_ring_payload;
}

static __always_inline struct emit_place emit_take(__u32 ring)
{
	struct emit_place place = { .cpu = bpf_get_smp_processor_id() };
	struct wf_counters *counters = count_of(place.cpu, ring);

	if (counters)
		place.seq = count_take(counters);
	place.boot_ns = bpf_ktime_get_boot_ns();
	return place;
}

static __always_inline void emit_header(struct wf_header *h, const struct wf_who *who,
					struct emit_what what, struct emit_place place)
{
	h->boot_ns = place.boot_ns;
	h->start_ns = who->self.start_ns;
	h->root_start_ns = who->root.start_ns;
	h->seq = place.seq;
	h->tgid = who->self.tgid;
	h->tid = who->tid;
	h->root_tgid = who->root.tgid;
	h->size = what.size;
	h->cpu = place.cpu;
	h->kind = what.kind;
	h->ring = what.ring;
	h->verdict = who->verdict;
}

/* A record of constant size with its header filled, or NULL: its number is then consumed and counted lost. */
static __always_inline void *emit_begin(const struct wf_who *who, struct emit_what what)
{
	struct emit_place place = emit_take(what.ring);
	void *record = bpf_ringbuf_reserve(emit_ring(what.ring), what.size, 0);

	if (!record) {
		count_loss(what.ring, WF_LOSS_RING_FULL);
		return NULL;
	}
	emit_header(record, who, what, place);
	return record;
}

/* Of the records of a CPU one in so many looks whether much is waiting. */
#define WAKE_EVERY 16

/* A verdict waits for what stands before it in this ring, and the work of each record is the same for a small one. */
#define WAKE_LIFECYCLE_BYTES 4096

static __always_inline bool much_waits(__u32 ring)
{
	__u32 zero = 0;
	struct wf_tunables *tunables = bpf_map_lookup_elem(&wf_tunables_map, &zero);
	__u64 waiting = bpf_ringbuf_query(emit_ring(ring), BPF_RB_AVAIL_DATA);

	return (ring == WF_RING_LIFECYCLE && waiting >= WAKE_LIFECYCLE_BYTES) ||
	       (tunables && waiting >= tunables->wake_bytes);
}

/*
 * Readers wait on a timer; only much waiting data, or a record somebody acts upon, wakes them. Not every record does
 * while much is waiting: a wake-up is an interrupt to this CPU, of more than a microsecond, and the reader that is
 * behind is awake.
 */
static __always_inline void emit_end(void *record, __u32 ring)
{
	bool wakes = ((struct wf_header *)record)->seq % WAKE_EVERY == 0 && much_waits(ring);

	bpf_ringbuf_submit(record, wakes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

/* Somebody decides about this record: it wakes the reader. */
static __always_inline void emit_end_now(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
}

#endif
