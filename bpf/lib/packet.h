/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An outgoing packet as cgroup_skb shows it: from its network header on. */
#ifndef WF_LIB_PACKET_H
#define WF_LIB_PACKET_H

struct packet {
	struct wf_tuple tuple;
	__u32 payload_at;
	__u32 payload;
	__u32 seq; /* TCP: of the first payload byte */
};

struct ipv4_header {
	__u8 version_length;
	__u8 tos;
	__u16 total;
	__u16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__u16 checksum;
	__u8 src[4];
	__u8 dst[4];
};

struct ipv6_header {
	__u8 version_class;
	__u8 flow[3];
	__u16 payload;
	__u8 next;
	__u8 hops;
	__u8 src[16];
	__u8 dst[16];
};

/* TCP and UDP begin alike. */
struct transport_header {
	__be16 src;
	__be16 dst;
	__be32 tcp_seq;
	__be32 tcp_acked;
	__u8 tcp_length; /* 4-byte words, in the upper half */
	__u8 tcp_flags;
};

#define TCP_FLAG_OF_SYN 0x02

/* Where the transport header begins; 0: a packet without one. */
static __always_inline __u32 packet_ipv4(struct __sk_buff *skb, struct wf_tuple *tuple)
{
	struct ipv4_header ip;

	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)) || ip.fragment & bpf_htons(0x1fff))
		return 0;
	tuple->family = AF_INET;
	tuple->protocol = ip.protocol;
	__builtin_memcpy(tuple->src, ip.src, 4);
	__builtin_memcpy(tuple->dst, ip.dst, 4);
	return (ip.version_length & 0xf) * 4;
}

/* Extension headers need CAP_NET_RAW to be set; a packet that begins with one is left alone. */
static __always_inline __u32 packet_ipv6(struct __sk_buff *skb, struct wf_tuple *tuple)
{
	struct ipv6_header ip;

	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
		return 0;
	tuple->family = AF_INET6;
	tuple->protocol = ip.next;
	__builtin_memcpy(tuple->src, ip.src, 16);
	__builtin_memcpy(tuple->dst, ip.dst, 16);
	return sizeof(ip);
}

/* False: neither TCP nor UDP, or without payload. */
static __always_inline bool packet_parse(struct __sk_buff *skb, struct packet *packet)
{
	struct transport_header header = {};
	__u8 version = 0;
	__u32 at, length;

	bpf_skb_load_bytes(skb, 0, &version, sizeof(version));
	at = version >> 4 == 4 ? packet_ipv4(skb, &packet->tuple)
			       : packet_ipv6(skb, &packet->tuple);
	if (!at)
		return false;
	if (packet->tuple.protocol == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, at, &header, 14))
			return false;
		length = (header.tcp_length >> 4) * 4;
		/* A SYN counts as a byte, and with fast open data follows it (RFC 7413). */
		packet->seq = bpf_ntohl(header.tcp_seq) + !!(header.tcp_flags & TCP_FLAG_OF_SYN);
	} else if (packet->tuple.protocol == IPPROTO_UDP) {
		if (bpf_skb_load_bytes(skb, at, &header, 8))
			return false;
		length = 8;
	} else {
		return false;
	}
	packet->tuple.src_port = bpf_ntohs(header.src);
	packet->tuple.dst_port = bpf_ntohs(header.dst);
	packet->payload_at = at + length;
	packet->payload = skb->len - packet->payload_at;
	return skb->len > packet->payload_at;
}

#endif
