// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where a TLS read has its bytes from: the socket it read itself, or the one the thread last received from. */
#include "lib/program.h"
#include "lib/aead_thread.h"
#include "lib/tls_frame.h"
#include "lib/tls_goroutine.h"
#include "lib/tls_socket.h"

SEC("tp_btf/sock_recv_length")
int BPF_PROG(wf_sock_recv, struct sock *sk, int received, int flags)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct wf_tls_thread *state = bpf_map_lookup_elem(&wf_tls_threads, &thread);
	struct wf_tls_frame *frame;
	__u64 cookie;

	if (received <= 0)
		return 0;
	cookie = tcp_cookie(sk);
	if (!cookie)
		return 0;
	go_socket_used(cookie);
	if (!state)
		state = aead_receiver(thread);
	if (!state)
		return 0;
	state->last_receive = cookie;
	frame = tls_frame_inner(state);
	if (frame)
		frame->socket_cookie = cookie;
	return 0;
}
