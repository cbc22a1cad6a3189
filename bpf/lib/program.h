/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every program includes first, in the order the headers need. */
#ifndef WF_LIB_PROGRAM_H
#define WF_LIB_PROGRAM_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "wire/wire.h"

/* BPF_PROG and BPF_KPROBE give every body a context, and most need only its arguments. */
#pragma clang diagnostic ignored "-Wunused-parameter"

/*
 * clang 14 bounds a copy of the register and then uses the original, which the verifier has seen no bound
 * of; the barriers keep value and bound in one register.
 */
#define BOUNDED(value, max)               \
	({                                \
		__u64 _bounded = (value); \
		barrier_var(_bounded);    \
		if (_bounded > (max))     \
			_bounded = (max); \
		barrier_var(_bounded);    \
		if (_bounded > (max))     \
			_bounded = (max); \
		_bounded;                 \
	})

#endif
