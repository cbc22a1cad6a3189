// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Nothing here runs. clang keeps BTF only for types that something uses: one variable for each type of
 * the contract, so that scripts/generate-layout can read sizes, offsets and values from the object.
 * The build refuses a hole in any of them.
 */
#ifdef __clang__
#pragma clang diagnostic error "-Wpadded"
#endif

#include "wire/wire.h"

#define KEEP_STRUCT(name) struct name keep_##name
#define KEEP_ENUM(name)	  enum name keep_##name

KEEP_STRUCT(wf_header);
KEEP_STRUCT(wf_process_key);
KEEP_STRUCT(wf_scope);
KEEP_STRUCT(wf_candidate);
KEEP_STRUCT(wf_environment_name);
KEEP_STRUCT(wf_inode_key);
KEEP_STRUCT(wf_tunables);
KEEP_STRUCT(wf_counters);
KEEP_STRUCT(wf_tuple);
KEEP_STRUCT(wf_fork);
KEEP_STRUCT(wf_exec);
KEEP_STRUCT(wf_rename);
KEEP_STRUCT(wf_exit);
KEEP_STRUCT(wf_seed);
KEEP_STRUCT(wf_flow_open);
KEEP_STRUCT(wf_flow_state);
KEEP_STRUCT(wf_flow_update);
KEEP_STRUCT(wf_wire_head);
KEEP_STRUCT(wf_unix_open);
KEEP_STRUCT(wf_fd_relay);
KEEP_STRUCT(wf_tls_send);
KEEP_STRUCT(wf_tls_data);
KEEP_STRUCT(wf_tls_free);

KEEP_ENUM(wf_limits);
KEEP_ENUM(wf_ring);
KEEP_ENUM(wf_kind);
KEEP_ENUM(wf_loss);
KEEP_ENUM(wf_verdict);
KEEP_ENUM(wf_environment_flag);
KEEP_ENUM(wf_candidate_kind);
KEEP_ENUM(wf_exec_flag);
KEEP_ENUM(wf_flow_via);
KEEP_ENUM(wf_direction);
KEEP_ENUM(wf_layer);
