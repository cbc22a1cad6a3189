/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How much of a flow says what it is for, and may be told. */
#ifndef WF_LIB_OPENING_H
#define WF_LIB_OPENING_H

#include "lib/head.h"
#include "lib/owner.h"
#include "lib/sealed.h"

#define DNS_PORT 53

#define TLS_HANDSHAKE	 22
#define TLS_MAJOR	 3
#define TLS_CLIENT_HELLO 1
#define TLS_TYPED	 6 /* record type, version, length, handshake type */
#define TLS_SIZED	 9 /* and the length of the handshake message */

#define QUIC_LONG	  0xc0 /* long header and the fixed bit (RFC 9000, section 17.2) */
#define QUIC_TYPE	  0x30
#define QUIC_VERSION_2	  0x6b3343cf /* there an Initial has type 1, else 0 (RFC 9369, section 3.2) */
#define QUIC_CID_MAX	  20
#define QUIC_DATAGRAM_MIN 1200 /* a client's with an Initial (RFC 9000, section 14.1) */

/*
 * Bytes from the beginning of this payload on that a ClientHello takes (RFC 8446, sections 4 and 5.1); 0: none begins
 * here. All that may be told where it is cut so that its length is not seen. `sure`: bytes too few to tell are none.
 */
static __always_inline __u32 hello_length(struct __sk_buff *skb, const struct packet *packet,
					  bool sure)
{
	__u8 head[TLS_SIZED] = {};
	__u32 record, message;

	if (packet->payload < TLS_TYPED) {
		if (sure || bpf_skb_load_bytes(skb, packet->payload_at, head, 1))
			return 0;
		return head[0] == TLS_HANDSHAKE ? WF_WIRE_STREAM_MAX : 0;
	}
	if (bpf_skb_load_bytes(skb, packet->payload_at, head, TLS_TYPED))
		return 0;
	if (head[0] != TLS_HANDSHAKE || head[1] != TLS_MAJOR || head[5] != TLS_CLIENT_HELLO)
		return 0;
	if (packet->payload < TLS_SIZED ||
	    bpf_skb_load_bytes(skb, packet->payload_at, head, TLS_SIZED))
		return WF_WIRE_STREAM_MAX;
	record = head[3] << 8 | head[4];
	message = head[6] << 16 | head[7] << 8 | head[8];
	/* In more than one record, of which each has a header that is not counted here. */
	if (message + 4 > record)
		return WF_WIRE_STREAM_MAX;
	return message + TLS_SIZED < WF_WIRE_STREAM_MAX ? message + TLS_SIZED : WF_WIRE_STREAM_MAX;
}

/*
 * Payload bytes of this packet of a TCP connection that are told. Of a watched lineage only a ClientHello, which says
 * no more than who is called, and questions to a name server: a request could hold anything.
 */
static __always_inline __u32 opening_of_stream(struct __sk_buff *skb, const struct wf_who *who,
					       struct wf_owner *owner, const struct packet *packet,
					       __u32 offset)
{
	bool agent = who->verdict == WF_VERDICT_AGENT;
	__u32 end = offset + packet->payload;
	bool first = owner->packets == 0;
	__u32 wanted;

	/* Sent again. */
	if ((__s32)(end - owner->next) <= 0)
		return 0;
	owner->next = end;
	owner->packets++;
	if (offset >= owner->until) {
		wanted = packet->tuple.dst_port == DNS_PORT ? WF_WIRE_STREAM_MAX
							    : hello_length(skb, packet, !agent);
		if (!wanted && first && agent)
			return packet->payload < WF_WIRE_FIRST_MAX ? packet->payload
								   : WF_WIRE_FIRST_MAX;
		if (!wanted)
			return 0;
		owner->until = offset + wanted;
	}
	if (end < owner->until)
		return packet->payload;
	owner->packets = WF_WIRE_PACKETS_MAX;
	if (agent && packet->tuple.dst_port != DNS_PORT)
		owner->sealed = SEALED_BEGUN;
	return owner->until - offset;
}

/* Is this datagram a QUIC Initial by its form? Of a version nobody knows only one as large as a client must send. */
static __always_inline bool is_quic_initial(struct __sk_buff *skb, const struct packet *packet)
{
	__u8 head[6] = {}; /* flags, version, length of the destination connection id */
	__u32 version;
	__u8 type;

	if (packet->payload < 64 || bpf_skb_load_bytes(skb, packet->payload_at, head, sizeof(head)))
		return false;
	version = (__u32)head[1] << 24 | head[2] << 16 | head[3] << 8 | head[4];
	type = version == QUIC_VERSION_2 ? 0x10 : 0;
	if ((head[0] & QUIC_LONG) != QUIC_LONG || (head[0] & QUIC_TYPE) != type || !version ||
	    head[5] > QUIC_CID_MAX)
		return false;
	return version == 1 || version == QUIC_VERSION_2 || packet->payload >= QUIC_DATAGRAM_MIN;
}

/* The same of a datagram. */
static __always_inline __u32 opening_of_datagram(struct __sk_buff *skb, struct wf_udp *udp,
						 const struct packet *packet)
{
	__u32 whole = packet->payload < WF_WIRE_HEAD_MAX ? packet->payload : WF_WIRE_HEAD_MAX;

	if (packet->tuple.dst_port == DNS_PORT)
		return whole;
	if (!udp || udp->initials >= WF_WIRE_INITIALS_MAX || !is_quic_initial(skb, packet))
		return 0;
	__sync_fetch_and_add(&udp->initials, 1);
	return whole;
}

#endif
