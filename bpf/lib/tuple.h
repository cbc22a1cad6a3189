/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses of a socket, from the places the kernel keeps them. Ports are turned to host order. An IPv4
 * address inside IPv6 (::ffff:a.b.c.d) becomes IPv4: on the wire it is nothing else, and a flow must not
 * have two names.
 */
#ifndef WF_LIB_TUPLE_H
#define WF_LIB_TUPLE_H

static __always_inline bool address_is_mapped(const __u8 *address)
{
	const __u32 *words = (const __u32 *)address;

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff);
}

static __always_inline void address_unmap(__u8 *address)
{
	__u32 *words = (__u32 *)address;

	words[0] = words[3];
	words[2] = 0;
	words[3] = 0;
}

static __always_inline void tuple_unmap(struct wf_tuple *tuple)
{
	if (tuple->family != AF_INET6 || !address_is_mapped(tuple->dst))
		return;
	tuple->family = AF_INET;
	address_unmap(tuple->dst);
	if (address_is_mapped(tuple->src))
		address_unmap(tuple->src);
}

/* The destination a program asked for; the source as far as the socket has one. */
static __always_inline void tuple_of_request(struct wf_tuple *tuple, struct bpf_sock_addr *ctx,
					     __u16 family)
{
	struct bpf_sock *sk = ctx->sk;
	__u32 *dst = (__u32 *)tuple->dst;

	tuple->family = family;
	tuple->dst_port = bpf_ntohs(ctx->user_port);
	tuple->protocol = ctx->protocol; /* IPPROTO_MPTCP, 262, becomes TCP, as on the wire */
	if (sk)
		tuple->src_port = sk->src_port;
	if (family == AF_INET) {
		dst[0] = ctx->user_ip4;
		return;
	}
	dst[0] = ctx->user_ip6[0];
	dst[1] = ctx->user_ip6[1];
	dst[2] = ctx->user_ip6[2];
	dst[3] = ctx->user_ip6[3];
	tuple_unmap(tuple);
}

/* Both ends of a socket. inet_sport and not skc_num: the second is 0 again by the time of TCP_CLOSE. */
static __always_inline void tuple_of_sock(struct wf_tuple *tuple, const struct sock *sk)
{
	tuple->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	tuple->protocol = IPPROTO_TCP;
	tuple->src_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	tuple->dst_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (tuple->family == AF_INET) {
		*(__u32 *)tuple->src = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		*(__u32 *)tuple->dst = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		return;
	}
	BPF_CORE_READ_INTO(&tuple->src, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
	BPF_CORE_READ_INTO(&tuple->dst, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	tuple_unmap(tuple);
}

#endif
