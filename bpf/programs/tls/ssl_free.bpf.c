// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The end of an SSL object: its address may be another's a moment later. */
#include "lib/program.h"
#include "lib/tls_call.h"
#include "maps/tls_tied.h"

SEC("uprobe")
int BPF_KPROBE(wf_ssl_free, __u64 ssl)
{
	struct emit_what what = { WF_RING_PAYLOAD, sizeof(struct wf_tls_free), WF_KIND_TLS_FREE };
	struct wf_tls_object object = { .ssl = ssl };
	struct wf_tls_free *record;
	struct wf_who who;

	if (!ssl || !tls_who(&who))
		return 0;
	object.tgid = who.self.tgid;
	bpf_map_delete_elem(&wf_tls_tied, &object);
	record = emit_begin(&who, what);
	if (!record)
		return 0;
	record->ssl = ssl;
	emit_end(record, WF_RING_PAYLOAD);
	return 0;
}
