/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The end of a TLS session: its address may be another's a moment later. */
#ifndef WF_LIB_TLS_END_H
#define WF_LIB_TLS_END_H

#include "lib/tls_call.h"
#include "maps/tls_tied.h"

static __always_inline int tls_end(__u64 session)
{
	struct emit_what what = { WF_RING_PAYLOAD, sizeof(struct wf_tls_free), WF_KIND_TLS_FREE };
	struct wf_tls_object object = { .ssl = session };
	struct wf_tls_free *record;
	struct wf_who who;

	if (!session || !tls_who(&who))
		return 0;
	object.tgid = who.self.tgid;
	bpf_map_delete_elem(&wf_tls_tied, &object);
	record = emit_begin(&who, what);
	if (!record)
		return 0;
	record->ssl = session;
	emit_end(record, WF_RING_PAYLOAD);
	return 0;
}

#endif
