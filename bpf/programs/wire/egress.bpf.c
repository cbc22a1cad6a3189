// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What leaves a socket of a lineage and says what it is for: the first payload of each TCP connection and the
 * ClientHello, DNS questions, QUIC Initials; of a watched lineage only what names a host and says nothing; and the
 * datagrams of UDP flows, counted. Who it is comes from the owner of the socket: a packet may leave while any task
 * runs.
 */
#include "lib/program.h"
#include "lib/flow.h"
#include "lib/opening.h"

#define UPDATE_NS 5000000000LL

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

/* Gives the flow's entry; NULL: there was no room for one. */
static __always_inline struct wf_udp *datagram(const struct wf_who *who, __u64 cookie,
					       const struct packet *packet)
{
	struct wf_udp *udp;
	__u64 now;
	bool first;

	udp = flow_udp(cookie, &packet->tuple, &first);
	if (first)
		flow_emit_open(who, cookie, &packet->tuple, WF_VIA_EGRESS, 0);
	if (!udp)
		return udp;
	__sync_fetch_and_add(&udp->datagrams, 1);
	__sync_fetch_and_add(&udp->bytes, packet->payload);
	now = bpf_ktime_get_boot_ns();
	/* Signed: another CPU may have told it between the two clocks. */
	if ((__s64)(now - udp->told_ns) < UPDATE_NS)
		return udp;
	udp->told_ns = now;
	update_emit(who, cookie, packet, udp);
	return udp;
}

/* May anything of a payload be copied? */
static __always_inline bool may_copy(const struct wf_who *who)
{
	return who->verdict == WF_VERDICT_AGENT || who->verdict == WF_VERDICT_WATCHED;
}

static __always_inline void observe(struct __sk_buff *skb)
{
	struct packet packet = {};
	struct wf_who who = {};
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct wf_owner *owner = bpf_map_lookup_elem(&wf_owner_map, &cookie);
	struct head head = { .cookie = cookie, .packet = &packet };

	if (!owner || (owner->packets >= WF_WIRE_PACKETS_MAX && !sealed_counts(owner)) ||
	    !owner_who(owner, &who) || !packet_parse(skb, &packet))
		return;
	if (sealed_counts(owner)) {
		sealed_count(skb, &who, cookie, owner, &packet);
		return;
	}
	if (packet.tuple.protocol == IPPROTO_UDP) {
		head.wanted = opening_of_datagram(skb, datagram(&who, cookie, &packet), &packet);
	} else {
		if (!owner->packets)
			owner->first_seq = packet.seq;
		head.offset = packet.seq - owner->first_seq;
		/* Also when it is not copied: a later segment must not pass for the first. */
		head.wanted = opening_of_stream(skb, &who, owner, &packet, head.offset);
	}
	if (head.wanted && may_copy(&who))
		head_emit(skb, &who, &head);
}

SEC("cgroup_skb/egress")
int wf_egress(struct __sk_buff *skb)
{
	observe(skb);
	return 1;
}
