// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every connect, whatever asked for it: the system call, io_uring, a 32-bit call, TCP fast open. These
 * programs watch; the value they return is the constant that lets the call go on.
 */
#include "lib/program.h"
#include "lib/flow.h"

SEC("cgroup/connect4")
int wf_connect4(struct bpf_sock_addr *ctx)
{
	flow_request(ctx, AF_INET, WF_VIA_CONNECT);
	return 1;
}

SEC("cgroup/connect6")
int wf_connect6(struct bpf_sock_addr *ctx)
{
	flow_request(ctx, AF_INET6, WF_VIA_CONNECT);
	return 1;
}
