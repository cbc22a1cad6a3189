/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flows: one record when a flow begins, however it is opened. */
#ifndef WF_LIB_FLOW_H
#define WF_LIB_FLOW_H

#include "lib/emit.h"
#include "lib/owner.h"
#include "lib/tuple.h"
#include "maps/udp.h"

/* Who listens at an address depends on where it is asked, and the process may be gone by then. */
static __always_inline __u32 current_netns(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
}

static __always_inline void flow_emit_open(const struct wf_who *who, __u64 cookie,
					   const struct wf_tuple *tuple, __u32 via, __u32 netns)
{
	struct emit_what what = { WF_RING_NETWORK, sizeof(struct wf_flow_open), WF_KIND_FLOW_OPEN };
	struct wf_flow_open *record = emit_begin(who, what);

	if (!record)
		return;
	record->cookie = cookie;
	record->tuple = *tuple;
	record->via = via;
	record->netns = netns;
	emit_end(record, WF_RING_NETWORK);
}

/* The entry of a UDP flow. `first`: it began now, and exactly one caller is told so. */
static __always_inline struct wf_udp *flow_udp(__u64 cookie, const struct wf_tuple *tuple,
					       bool *first)
{
	struct wf_udp_key key = { .cookie = cookie,
				  .dst_port = tuple->dst_port,
				  .family = tuple->family };
	struct wf_udp fresh = { .told_ns = bpf_ktime_get_boot_ns() };
	struct wf_udp *udp;

	*first = false;
	__builtin_memcpy(key.dst, tuple->dst, sizeof(key.dst));
	udp = bpf_map_lookup_elem(&wf_udp_map, &key);
	if (udp)
		return udp;
	*first = bpf_map_update_elem(&wf_udp_map, &key, &fresh, BPF_NOEXIST) == 0;
	udp = bpf_map_lookup_elem(&wf_udp_map, &key);
	if (!udp)
		count_loss(WF_RING_NETWORK, WF_LOSS_TABLE_FULL);
	return udp;
}

/*
 * A connect, or a datagram with an address of its own. A UDP connect sends nothing, and resolvers make many
 * only to ask for a route: it names the owner, and the first datagram (egress) opens the flow.
 */
static __always_inline void flow_request(struct bpf_sock_addr *ctx, __u16 family, __u32 via)
{
	struct wf_tuple tuple = {};
	struct wf_who who = {};
	bool first = true;
	__u64 cookie;

	if (!scope_find_current(&who))
		return;
	cookie = bpf_get_socket_cookie(ctx);
	owner_set(cookie, &who);
	if (ctx->protocol == IPPROTO_UDP && via == WF_VIA_CONNECT)
		return;
	tuple_of_request(&tuple, ctx, family);
	if (tuple.protocol == IPPROTO_UDP)
		flow_udp(cookie, &tuple, &first);
	if (first)
		flow_emit_open(&who, cookie, &tuple, via, current_netns());
}

#endif
