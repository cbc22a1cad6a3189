// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What leaves a socket of a lineage: the first payload of each TCP connection and each DNS question, for
 * agents; of a watched lineage only what names a host and says nothing; and the datagrams of UDP flows, counted. Who it is comes from the owner of the socket: a packet
 * may leave while any task runs.
 */
#include "lib/program.h"
#include "lib/flow.h"
#include "lib/packet.h"

#define DNS_PORT   53
#define UPDATE_NS  5000000000LL
#define SMALL_HEAD 640 /* most ClientHellos and all DNS questions */

#define TLS_HANDSHAKE	 22
#define TLS_MAJOR	 3
#define TLS_CLIENT_HELLO 1

static __always_inline void head_fill(struct __sk_buff *skb, struct wf_wire_head *record,
				      __u64 cookie, const struct packet *packet, __u32 max)
{
	/* There is a payload, but the verifier has to be shown that the length is never 0. */
	__u64 length = BOUNDED((__u32)(packet->payload - 1), max - 1) + 1;

	record->cookie = cookie;
	record->tuple = packet->tuple;
	record->original = packet->payload;
	record->captured = length;
	if (bpf_skb_load_bytes(skb, packet->payload_at, record + 1, length) == 0) {
		record->h.size = sizeof(*record) + length;
	} else {
		record->captured = 0;
		record->h.size = sizeof(*record);
		count_loss(WF_RING_NETWORK, WF_LOSS_FAULT);
	}
	emit_end(record, WF_RING_NETWORK);
}

/* Reserved by size class, so that a question of 40 bytes does not take the room of 2 KiB. */
static __always_inline void head_emit(struct __sk_buff *skb, const struct wf_who *who, __u64 cookie,
				      const struct packet *packet)
{
	struct emit_what small = { WF_RING_NETWORK, sizeof(struct wf_wire_head) + SMALL_HEAD,
				   WF_KIND_WIRE_HEAD };
	struct emit_what large = { WF_RING_NETWORK, sizeof(struct wf_wire_head) + WF_WIRE_HEAD_MAX,
				   WF_KIND_WIRE_HEAD };
	struct wf_wire_head *record;

	if (packet->payload <= SMALL_HEAD) {
		record = emit_begin(who, small);
		if (record)
			head_fill(skb, record, cookie, packet, SMALL_HEAD);
	} else {
		record = emit_begin(who, large);
		if (record)
			head_fill(skb, record, cookie, packet, WF_WIRE_HEAD_MAX);
	}
}

static __always_inline void update_emit(const struct wf_who *who, __u64 cookie,
					const struct packet *packet, const struct wf_udp *udp)
{
	struct emit_what what = { WF_RING_NETWORK, sizeof(struct wf_flow_update),
				  WF_KIND_FLOW_UPDATE };
	struct wf_flow_update *record = emit_begin(who, what);

	if (!record)
		return;
	record->cookie = cookie;
	record->datagrams = udp->datagrams;
	record->bytes = udp->bytes;
	record->tuple = packet->tuple;
	emit_end(record, WF_RING_NETWORK);
}

static __always_inline void datagram(const struct wf_who *who, __u64 cookie,
				     const struct packet *packet)
{
	struct wf_udp *udp;
	__u64 now;
	bool first;

	udp = flow_udp(cookie, &packet->tuple, &first);
	if (first)
		flow_emit_open(who, cookie, &packet->tuple, WF_VIA_EGRESS, 0);
	if (!udp)
		return;
	__sync_fetch_and_add(&udp->datagrams, 1);
	__sync_fetch_and_add(&udp->bytes, packet->payload);
	now = bpf_ktime_get_boot_ns();
	/* Signed: another CPU may have told it between the two clocks. */
	if ((__s64)(now - udp->told_ns) < UPDATE_NS)
		return;
	udp->told_ns = now;
	update_emit(who, cookie, packet, udp);
}

/* Does the payload begin with a ClientHello, which only says who is called (RFC 8446, section 4)? */
static __always_inline bool is_client_hello(struct __sk_buff *skb, const struct packet *packet)
{
	__u8 head[6] = {}; /* record type, version, length, handshake type */

	return bpf_skb_load_bytes(skb, packet->payload_at, head, sizeof(head)) == 0 &&
	       head[0] == TLS_HANDSHAKE && head[1] == TLS_MAJOR && head[5] == TLS_CLIENT_HELLO;
}

/* May these first bytes be copied? A request of a watched lineage may not: it could hold anything. */
static __always_inline bool may_copy(struct __sk_buff *skb, const struct wf_who *who,
				     const struct packet *packet)
{
	if (who->verdict == WF_VERDICT_AGENT)
		return true;
	if (who->verdict != WF_VERDICT_WATCHED)
		return false;
	return packet->tuple.protocol == IPPROTO_UDP || is_client_hello(skb, packet);
}

static __always_inline void observe(struct __sk_buff *skb)
{
	struct packet packet = {};
	struct wf_who who = {};
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct wf_owner *owner = bpf_map_lookup_elem(&wf_owner_map, &cookie);
	bool head;

	if (!owner || owner->head_seen || !owner_who(owner, &who) || !packet_parse(skb, &packet))
		return;
	if (packet.tuple.protocol == IPPROTO_UDP) {
		datagram(&who, cookie, &packet);
		head = packet.tuple.dst_port == DNS_PORT;
	} else {
		/* Also when it is not copied: a later segment must not pass for the first. */
		owner->head_seen = 1;
		head = true;
	}
	if (head && may_copy(skb, &who, &packet))
		head_emit(skb, &who, cookie, &packet);
}

SEC("cgroup_skb/egress")
int wf_egress(struct __sk_buff *skb)
{
	observe(skb);
	return 1;
}
