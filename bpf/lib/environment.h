/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The environment of an exec, searched for the names in wf_environment. What is found stands in the scratch of this
 * CPU; whether it leaves the kernel is for the caller to say.
 *
 * The two functions at the end are global, so that the verifier checks each once; there is no bpf_loop before 5.17.
 */
#ifndef WF_LIB_ENVIRONMENT_H
#define WF_LIB_ENVIRONMENT_H

#include "lib/count.h"
#include "maps/environment.h"
#include "maps/exec_scratch.h"
#include "maps/tunables.h"

/* enum wf_environment_flag of all names there are. */
static __always_inline __u32 environment_wanted(void)
{
	__u32 zero = 0;
	struct wf_tunables *tunables = bpf_map_lookup_elem(&wf_tunables_map, &zero);

	return tunables ? tunables->environment : 0;
}

/* Most variables begin with a byte that no wanted name begins with. */
static __always_inline bool environment_first(__u8 first)
{
	__u32 zero = 0;
	struct wf_tunables *tunables = bpf_map_lookup_elem(&wf_tunables_map, &zero);

	return tunables && tunables->environment_first[first >> 6 & 3] >> (first & 63) & 1;
}

/* Bytes of the name of scratch->variable, which is then in scratch->name. */
static __always_inline __u32 environment_name(struct wf_exec_scratch *scratch)
{
	__u32 length;

	__builtin_memset(&scratch->name, 0, sizeof(scratch->name));
	for (length = 0; length < WF_ENV_NAME_MAX - 1; length++) {
		char c = scratch->variable[length];

		if (!c || c == '=')
			break;
		scratch->name.name[length] = c;
	}
	return length;
}

/* Appends `length` bytes of scratch->variable and a NUL. */
static __always_inline void environment_keep(struct wf_exec_scratch *scratch, __u32 length)
{
	__u32 at = scratch->env_written;
	__u64 bytes = BOUNDED(length, WF_ENV_VARIABLE_MAX - 1);

	if (at + bytes + 1 > WF_ENV_MAX) {
		scratch->env_truncated = 1;
		return;
	}
	at &= WF_ENV_AT;
	bpf_probe_read_kernel(&scratch->env[at], bytes, scratch->variable);
	scratch->env[(at + bytes) & (WF_ENV_AT * 2 + 1)] = 0;
	scratch->env_written = at + bytes + 1;
}

/* The variable in scratch->variable, `length` bytes of it with its NUL. */
static __always_inline void environment_match(struct wf_exec_scratch *scratch, __u32 length)
{
	__u32 name = environment_name(scratch);
	__u32 *flags = bpf_map_lookup_elem(&wf_environment, &scratch->name);

	if (!flags)
		return;
	if (*flags & WF_ENVIRONMENT_CANDIDATE)
		scratch->env_candidate = 1;
	if (*flags & WF_ENVIRONMENT_VALUE) {
		if (length == WF_ENV_VARIABLE_MAX)
			scratch->env_truncated = 1;
		environment_keep(scratch, length - 1);
	} else if (*flags & WF_ENVIRONMENT_MARK) {
		environment_keep(scratch, name);
	}
}

/*
 * Reads on at a user address; returns how far, 0 when it cannot be read. A variable longer than the room comes in
 * pieces of its length without the NUL that ends each.
 */
__weak __noinline int environment_read(__u64 at)
{
	struct wf_exec_scratch *scratch = exec_scratch();
	bool inside;
	long length;

	if (!scratch)
		return 0;
	length = bpf_probe_read_user_str(scratch->variable, WF_ENV_VARIABLE_MAX, (void *)at);
	if (length <= 0 || length > WF_ENV_VARIABLE_MAX)
		return 0;
	inside = scratch->env_inside;
	scratch->env_inside = length == WF_ENV_VARIABLE_MAX;
	if (!inside && environment_first(scratch->variable[0]))
		environment_match(scratch, length);
	return length - (length == WF_ENV_VARIABLE_MAX);
}

/* The whole environment of a process, from `start` to `end`. */
__weak __noinline int environment_search(__u64 start, __u64 end)
{
	struct wf_exec_scratch *scratch = exec_scratch();

	if (!scratch)
		return 0;
	scratch->env_written = 0;
	scratch->env_truncated = 0;
	scratch->env_candidate = 0;
	scratch->env_inside = 0;
	for (int i = 0; i < WF_ENV_SEARCHED && start < end; i++) {
		int length = environment_read(start);

		if (length <= 0) {
			scratch->env_truncated = 1;
			count_loss(WF_RING_LIFECYCLE, WF_LOSS_FAULT);
			return 0;
		}
		start += length;
	}
	if (start < end)
		scratch->env_truncated = 1;
	return 0;
}

#endif
