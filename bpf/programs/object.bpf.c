// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the linked object says of itself: its license, and the contract it was compiled with; and maps of no program. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "wire/wire.h"
#include "maps/survivor.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The daemon refuses an object whose version is not its own. */
const volatile __u32 wf_wire_version = WF_WIRE_VERSION;
