// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every datagram that carries its destination with it, so that no connect ever names it. */
#include "lib/program.h"
#include "lib/flow.h"

SEC("cgroup/sendmsg4")
int wf_sendmsg4(struct bpf_sock_addr *ctx)
{
	flow_request(ctx, AF_INET, WF_VIA_SENDMSG);
	return 1;
}

SEC("cgroup/sendmsg6")
int wf_sendmsg6(struct bpf_sock_addr *ctx)
{
	flow_request(ctx, AF_INET6, WF_VIA_SENDMSG);
	return 1;
}
