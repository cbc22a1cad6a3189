// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A connect of an agent to a unix socket: where it may ask somebody else to run something. A program of its own,
 * because kernels before 6.7 have no such hook. Reads the kernel's copy of the address, which no thread can change.
 */
#include "lib/program.h"
#include "lib/budget.h"
#include "lib/flow.h"

#define CONNECTS_A_SECOND 64
#define FAMILY_LENGTH	  2 /* what stands before sun_path, unix(7) */

static __always_inline void fill_address(struct wf_unix_open *record, struct bpf_sock_addr *ctx)
{
	/* The context is the kernel's own struct under another name. */
	struct bpf_sock_addr_kern *request = (void *)ctx;
	__u64 address = (__u64)BPF_CORE_READ(request, uaddr);
	__u32 length = BPF_CORE_READ(request, uaddrlen);
	__u64 captured = length < FAMILY_LENGTH ? 0 : length - FAMILY_LENGTH;

	captured = BOUNDED(captured, WF_UNIX_PATH_MAX);
	__builtin_memset(record->path, 0, sizeof(record->path) + sizeof(record->_pad0));
	if (bpf_probe_read_kernel(record->path, captured, (void *)(address + FAMILY_LENGTH))) {
		captured = 0;
		count_loss(WF_RING_NETWORK, WF_LOSS_FAULT);
	}
	record->captured = captured;
}

static __always_inline void unix_request(struct bpf_sock_addr *ctx)
{
	struct emit_what what = { WF_RING_NETWORK, sizeof(struct wf_unix_open), WF_KIND_UNIX_OPEN };
	struct wf_unix_open *record;
	struct wf_who who = {};

	if (!scope_find_current(&who) || who.verdict != WF_VERDICT_AGENT)
		return;
	if (!budget_take(&who.self, WF_KIND_UNIX_OPEN, WF_RING_NETWORK, CONNECTS_A_SECOND))
		return;
	record = emit_begin(&who, what);
	if (!record)
		return;
	record->cookie = bpf_get_socket_cookie(ctx);
	record->netns = current_netns();
	fill_address(record, ctx);
	/* Whoever is asked may act at once. */
	emit_end_now(record);
}

SEC("cgroup/connect_unix")
int wf_connect_unix(struct bpf_sock_addr *ctx)
{
	unix_request(ctx);
	return 1;
}
