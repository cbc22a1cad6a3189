/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Payload of a packet as records. */
#ifndef WF_LIB_HEAD_H
#define WF_LIB_HEAD_H

#include "lib/emit.h"
#include "lib/packet.h"

/* Size classes, so that a question of 40 bytes does not take the room of 4 KiB. */
#define SMALL_HEAD  640	 /* most ClientHellos and all DNS questions */
#define MIDDLE_HEAD 2048 /* a ClientHello with a post-quantum key share, a QUIC Initial */

struct head {
	__u64 cookie;
	const struct packet *packet;
	__u32 offset; /* of the packet's payload in the stream */
	__u32 wanted; /* payload bytes of the packet that are told */
};

/* The payload bytes from `done` on, at most `max` of them. */
static __always_inline void head_fill(struct __sk_buff *skb, struct wf_wire_head *record,
				      const struct head *head, __u32 done, __u32 max)
{
	const struct packet *packet = head->packet;
	/* Something is left to tell, but the verifier has to be shown that the length is never 0. */
	__u64 length = BOUNDED((__u32)(head->wanted - done - 1), max - 1) + 1;

	record->cookie = head->cookie;
	record->tuple = packet->tuple;
	record->original = packet->payload - done;
	record->captured = length;
	record->offset = head->offset + done;
	record->datagram = packet->tuple.protocol == IPPROTO_UDP ? skb->gso_size : 0;
	if (bpf_skb_load_bytes(skb, packet->payload_at + done, record + 1, length) == 0) {
		record->h.size = sizeof(*record) + length;
	} else {
		record->captured = 0;
		record->h.size = sizeof(*record);
		count_loss(WF_RING_NETWORK, WF_LOSS_FAULT);
	}
	emit_end(record, WF_RING_NETWORK);
}

static __always_inline void head_piece(struct __sk_buff *skb, const struct wf_who *who,
				       const struct head *head, __u32 done, __u32 max)
{
	struct emit_what what = { WF_RING_NETWORK, sizeof(struct wf_wire_head) + max,
				  WF_KIND_WIRE_HEAD };
	struct wf_wire_head *record = emit_begin(who, what);

	if (record)
		head_fill(skb, record, head, done, max);
}

/* At most WF_WIRE_STREAM_MAX bytes. */
static __always_inline void head_emit(struct __sk_buff *skb, const struct wf_who *who,
				      const struct head *head)
{
	__u32 done, left;

	for (done = 0; done < WF_WIRE_STREAM_MAX; done += WF_WIRE_HEAD_MAX) {
		if (done >= head->wanted)
			break;
		left = head->wanted - done;
		if (left <= SMALL_HEAD)
			head_piece(skb, who, head, done, SMALL_HEAD);
		else if (left <= MIDDLE_HEAD)
			head_piece(skb, who, head, done, MIDDLE_HEAD);
		else
			head_piece(skb, who, head, done, WF_WIRE_HEAD_MAX);
	}
}

#endif
