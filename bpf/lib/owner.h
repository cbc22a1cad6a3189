/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef WF_LIB_OWNER_H
#define WF_LIB_OWNER_H

#include "lib/count.h"
#include "lib/scope.h"
#include "maps/owner.h"
#include "maps/relayed.h"

/* The socket is now this process's. Its later datagrams find the entry as it is. */
static __always_inline void owner_set(__u64 cookie, const struct wf_who *who)
{
	struct wf_owner owner = { .self = who->self, .root = who->root, .tid = who->tid };
	struct wf_owner *known = bpf_map_lookup_elem(&wf_owner_map, &cookie);

	if (known && scope_same(&known->self, &who->self))
		return;
	if (bpf_map_update_elem(&wf_owner_map, &cookie, &owner, BPF_ANY))
		count_loss(WF_RING_NETWORK, WF_LOSS_TABLE_FULL);
}

/*
 * The connection is closed. It can be while its process is still in the send that brought the answer "reset": that send
 * succeeded, and is told of behind this.
 */
static __always_inline void owner_forget(__u64 cookie)
{
	__u8 one = 1;

	bpf_map_update_elem(&wf_closed_map, &cookie, &one, BPF_ANY);
	bpf_map_delete_elem(&wf_owner_map, &cookie);
}

/* False: the owner's lineage was let go since. */
static __always_inline bool owner_who(const struct wf_owner *owner, struct wf_who *who)
{
	who->self = owner->self;
	who->root = owner->root;
	who->tid = owner->tid;
	who->verdict = scope_verdict(&who->root);
	return scope_told(who->verdict);
}

#endif
