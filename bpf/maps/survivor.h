/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What only user space reads and writes, kept here because it must outlive the daemon exactly as long as the
 * rings do.
 */
#ifndef WF_MAPS_SURVIVOR_H
#define WF_MAPS_SURVIVOR_H

/* What was taken from the rings. native/ledger.h says what is in it, and the loader how large it is. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} wf_ledger __weak SEC(".maps");

/* Root of an agent -> who that is, as text of the daemon's own. */
struct wf_note {
	char text[1024];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct wf_process_key);
	__type(value, struct wf_note);
} wf_note_map __weak SEC(".maps");

#endif
