/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The TCP socket a thread of an agent just used. */
#ifndef WF_LIB_TLS_SOCKET_H
#define WF_LIB_TLS_SOCKET_H

/* Its cookie; 0 for any other socket. */
static __always_inline __u64 tcp_cookie(struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;

	if ((family != AF_INET && family != AF_INET6) || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	return sk->__sk_common.skc_cookie.counter;
}

#endif
