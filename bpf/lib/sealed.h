/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Did a client say anything behind its ClientHello? Told once for a connection, when more went out in records that are
 * encrypted than a handshake needs; src/tls/moved.ts has the same bound and where it comes from.
 */
#ifndef WF_LIB_SEALED_H
#define WF_LIB_SEALED_H

#include "lib/emit.h"
#include "lib/owner.h"
#include "lib/packet.h"

#define TLS_CHANGE_CIPHER_SPEC 20
#define TLS_CHANGE_BYTES       6 /* of the whole record */
#define TLS_APPLICATION_DATA   23
#define SEALED_SILENT	       160
#define SEALED_BEGUN	       1 /* owner->sealed is the count and this, so that 0 is: no ClientHello yet */
#define SEALED_TOLD	       0xffffffff

static __always_inline bool sealed_counts(const struct wf_owner *owner)
{
	return owner->sealed && owner->sealed != SEALED_TOLD;
}

static __always_inline void sealed_emit(const struct wf_who *who, __u64 cookie,
					const struct packet *packet, __u32 bytes)
{
	struct emit_what what = { WF_RING_NETWORK, sizeof(struct wf_flow_update),
				  WF_KIND_FLOW_UPDATE };
	struct wf_flow_update *record = emit_begin(who, what);

	if (!record)
		return;
	record->cookie = cookie;
	record->datagrams = 0;
	record->bytes = bytes;
	record->tuple = packet->tuple;
	emit_end(record, WF_RING_NETWORK);
}

/* Does a packet begin with what is encrypted? Behind a ChangeCipherSpec a handshake may go on in its own records. */
static __always_inline bool is_sealed(struct __sk_buff *skb, const struct packet *packet)
{
	__u8 type = 0;

	if (bpf_skb_load_bytes(skb, packet->payload_at, &type, sizeof(type)))
		return false;
	if (type == TLS_CHANGE_CIPHER_SPEC &&
	    bpf_skb_load_bytes(skb, packet->payload_at + TLS_CHANGE_BYTES, &type, sizeof(type)))
		return false;
	return type == TLS_APPLICATION_DATA;
}

/* A packet of a connection behind its ClientHello. What is sent again counts once. */
static __always_inline void sealed_count(struct __sk_buff *skb, const struct wf_who *who,
					 __u64 cookie, struct wf_owner *owner,
					 const struct packet *packet)
{
	__u32 end = packet->seq - owner->first_seq + packet->payload;
	__u32 bytes;

	if ((__s32)(end - owner->next) <= 0)
		return;
	owner->next = end;
	if (!is_sealed(skb, packet))
		return;
	bytes = owner->sealed - SEALED_BEGUN + packet->payload;
	if (bytes <= SEALED_SILENT) {
		owner->sealed = bytes + SEALED_BEGUN;
		return;
	}
	owner->sealed = SEALED_TOLD;
	sealed_emit(who, cookie, packet, bytes);
}

#endif
