/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the kernel programs and everything that reads their records.
 *
 * This is the only declaration of an event. BPF programs and C++ include it; TypeScript offsets are
 * generated from the BTF of layout.bpf.c (scripts/generate-layout) and committed.
 *
 * Rules: fixed-width integers and byte arrays only, members ordered so that no hole appears, padding
 * written out, every struct a multiple of 8 bytes, no packed, no flexible array. Variable data stands
 * behind the fixed part; its captured and its original length are members. Kinds are append-only: a
 * changed struct is a new kind and a new WF_WIRE_VERSION.
 */
#ifndef WF_WIRE_H
#define WF_WIRE_H

#if !defined(__VMLINUX_H__)
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef int __s32;
#endif

enum wf_limits {
	WF_WIRE_VERSION = 3,
	WF_ARGV_MAX = 4096,   /* bytes of argv kept at exec */
	WF_PATH_MAX = 1024,   /* bytes of one path kept */
	WF_PATH_DEPTH = 32,   /* dentries walked for one path */
	WF_NAME_MAX = 64,     /* bytes of a candidate name, zero padded */
	WF_ENV_NAME_MAX = 64, /* bytes of a wanted environment name, zero padded */
	WF_ENV_VARIABLE_MAX =
		576, /* bytes of one NAME=value kept: 512 of the value beside the longest name */
	WF_ENV_MAX = 2048,	  /* bytes of all that is kept of one environment */
	WF_ENV_SEARCHED = 256,	  /* variables looked at; a long one counts for each 575 bytes */
	WF_COMM_LEN = 16,	  /* TASK_COMM_LEN of the kernel */
	WF_UNIX_PATH_MAX = 108,	  /* sun_path of unix(7) */
	WF_WIRE_HEAD_MAX = 4096,  /* payload bytes in one record of what a flow says first */
	WF_WIRE_FIRST_MAX = 2048, /* of a first payload that is neither TLS nor DNS */
	WF_WIRE_STREAM_MAX =
		16384, /* of one ClientHello, or of the questions of one TCP connection */
	WF_WIRE_PACKETS_MAX = 32,  /* with payload, looked at in one TCP connection */
	WF_WIRE_INITIALS_MAX = 16, /* QUIC Initial datagrams of one UDP flow that are told */
	WF_TLS_STACKS_MAX =
		1025, /* stacks with probes at the same time, and 0 for one without a number */
	WF_TLS_CHUNK_MAX = 16384, /* plaintext bytes in one record */
	WF_TLS_CHUNKS_MAX = 256,  /* records one call may give: 4 MiB */
	WF_ADDRESS_LEN = 16,
};

enum wf_ring {
	WF_RING_LIFECYCLE = 0,
	WF_RING_NETWORK = 1,
	WF_RING_PAYLOAD = 2,
	WF_RING_COUNT = 3,
};

enum wf_kind {
	WF_KIND_FORK = 1,
	/* 2 was the exec of wire version 1. */
	WF_KIND_EXIT = 3,
	WF_KIND_SEED = 4, /* not from a ring: read from the task iterator */
	WF_KIND_EXEC = 5,
	WF_KIND_RENAME = 6,
	WF_KIND_FLOW_OPEN = 16,
	WF_KIND_FLOW_STATE = 17,
	WF_KIND_FLOW_UPDATE = 18,
	/* 19 was the first payload of wire version 2. */
	WF_KIND_TLS_SEND = 20, /* the first send of a thread after a memory-BIO SSL write */
	WF_KIND_UNIX_OPEN = 21,
	WF_KIND_WIRE_HEAD = 22,
	WF_KIND_FD_RELAY = 23,
	WF_KIND_TLS_DATA = 32,
	WF_KIND_TLS_FREE = 33,
};

/* Why a record did not reach its ring, or data did not reach its record. One counter each. */
enum wf_loss {
	WF_LOSS_RING_FULL = 0, /* reservation failed: its sequence number is missing */
	WF_LOSS_FAULT = 1, /* user or kernel memory could not be read: the record came without it */
	WF_LOSS_TABLE_FULL = 2, /* a map was full: scope, owner, thread state */
	/* a TLS call was longer than the configured limit and was cut; or a process named itself, or connected to
	   unix sockets, more often than is told */
	WF_LOSS_CALL_LIMIT = 3,
	WF_LOSS_COUNT = 4,
};

/* What a root was decided to be. An absent verdict is the same as WF_VERDICT_STRANGER. */
enum wf_verdict {
	WF_VERDICT_NONE = 0,
	WF_VERDICT_PENDING = 1,
	WF_VERDICT_AGENT = 2,
	WF_VERDICT_STRANGER = 3,
	WF_VERDICT_RELAY = 4,	/* each child becomes a pending root; nothing else is told of it */
	WF_VERDICT_WATCHED = 5, /* flows, their names, fork, exec and exit; no plaintext */
};

/* What is told of a name in the environment, and when it makes a root: values of `wf_environment`. */
enum wf_environment_flag {
	WF_ENVIRONMENT_VALUE = 1,
	WF_ENVIRONMENT_MARK = 2, /* only that it is there */
	WF_ENVIRONMENT_CANDIDATE =
		4, /* an exec outside every lineage that has it becomes a pending root */
};

enum wf_candidate_kind {
	WF_CANDIDATE_BASENAME = 1, /* name of the executed file */
	WF_CANDIDATE_PARENT = 2,   /* name of the directory it lies in */
};

enum wf_exec_flag {
	WF_EXEC_ASKS_VERDICT = 1, /* this exec made a pending root */
	WF_EXEC_PATH_TRUNCATED = 2,
	WF_EXEC_CWD_TRUNCATED = 4,
	WF_EXEC_ARGV_FAULT = 8,
	WF_EXEC_ENV_TRUNCATED = 16, /* not all was searched, or not all that was found was kept */
};

enum wf_flow_via {
	WF_VIA_CONNECT = 1,
	WF_VIA_SENDMSG = 2,
	WF_VIA_EGRESS = 3, /* first seen as a packet of a socket whose owner is known */
};

enum wf_direction {
	WF_DIRECTION_WRITE = 0,
	WF_DIRECTION_READ = 1,
};

/* What the bytes of a TLS call are. */
enum wf_layer {
	WF_LAYER_STREAM = 0, /* what the application wrote or reads */
	WF_LAYER_INNER = 1,  /* TLSInnerPlaintext of RFC 8446: ends with its content type */
	WF_LAYER_RECORD = 2, /* application data of one; as with INNER, ssl names one direction */
};

/*
 * First member of every record. Identity is (tgid, start_ns), never a pid alone.
 * seq counts per CPU and ring from 0, is taken before the reservation and consumed when that fails: the next to be
 * taken is wf_counters.emitted.
 */
struct wf_header {
	__u64 boot_ns;	     /* CLOCK_BOOTTIME when the event happened */
	__u64 start_ns;	     /* start_boottime of the process (thread group leader) */
	__u64 root_start_ns; /* 0: the process is in no lineage */
	__u64 seq;
	__u32 tgid;
	__u32 tid;
	__u32 root_tgid;
	__u32 size; /* bytes of this record that are used, header and tail included */
	__u32 cpu;
	__u16 kind;   /* enum wf_kind */
	__u8 ring;    /* enum wf_ring */
	__u8 verdict; /* enum wf_verdict of the root at that moment */
};

struct wf_process_key {
	__u64 start_ns;
	__u32 tgid;
	__u32 _pad0;
};

/* Maps: scope (tgid -> its root), verdict (root -> wf_verdict), candidates. */
struct wf_scope {
	__u64 start_ns; /* of the process itself: an entry of an earlier owner of the pid is ignored */
	struct wf_process_key root;
};

struct wf_candidate {
	__u32 kind; /* enum wf_candidate_kind */
	char name[WF_NAME_MAX - 4];
};

/* Key of the map `wf_environment`; the value is enum wf_environment_flag. */
struct wf_environment_name {
	char name[WF_ENV_NAME_MAX]; /* a longer one is known by its beginning */
};

struct wf_inode_key {
	__u64 inode;
	__u64 dev; /* major << 20 | minor, as the kernel's s_dev */
};

/* Settings in read-only data, fixed at load; in the map `wf_tunables` (one element), changed while running. */
struct wf_tunables {
	__u32 any_exec;	      /* 1: every exec outside a lineage becomes a pending root */
	__u32 max_call_bytes; /* a TLS call is captured up to here */
	__u32 wake_bytes;  /* data waiting in the network or payload ring that wakes the reader */
	__u32 environment; /* enum wf_environment_flag of all wanted names together */
	__u64 environment_first[4]; /* bit set of the bytes that wanted names begin with */
};

/* Memory-mapped array, index cpu * WF_RING_COUNT + ring. Monotonic, never reset. */
struct wf_counters {
	__u64 emitted; /* sequence numbers taken */
	__u64 lost[WF_LOSS_COUNT];
	__u64 payload_bytes_agent;   /* plaintext copied for agent roots */
	__u64 payload_bytes_foreign; /* plaintext copied for anybody else: must stay 0 */
	__u64 _pad0[9];		     /* one element fills two cache lines */
};

/* The header names the parent: the process whose thread called fork. */
struct wf_fork {
	struct wf_header h;
	__u64 child_start_ns;
	__u32 child_tgid;
	__u32 _pad0;
};

/*
 * Tail: path, cwd, argv (NUL-separated as in the process), and what was wanted of the environment (NAME=value or
 * NAME, each with its NUL), in that order, by their captured lengths.
 */
struct wf_exec {
	struct wf_header h;
	__u64 inode;
	__u64 dev;
	__u64 file_size;
	__u64 file_changed_ns; /* st_ctime, nanoseconds since 1970 */
	__u64 cgroup_id;
	__u64 parent_start_ns; /* of the real parent at that moment */
	__u32 parent_tgid;
	__u32 uid;
	__u32 gid;
	__u32 nlink;
	__u32 flags;	  /* enum wf_exec_flag */
	__u32 argv_len;	  /* original length, bytes */
	__u32 stdin_mode; /* st_mode of what stands at descriptor 0; 0: it is closed */
	__u32 ns_pid;	  /* the pid in the innermost pid namespace */
	__u32 pid_ns;	  /* inode of that namespace */
	__u16 path_captured;
	__u16 cwd_captured;
	__u16 argv_captured;
	__u16 env_captured;
	__u16 mnt_level; /* mounts crossed while walking the path */
	__u16 _pad0;
};

/* The leader of a thread group of an agent got another name, and not by an exec. */
struct wf_rename {
	struct wf_header h;
	char from[WF_COMM_LEN];
	char to[WF_COMM_LEN];
};

struct wf_exit {
	struct wf_header h;
	__u32 wait_status; /* as wait(2) gives it */
	__u32 _pad0;
};

/* One process that existed before the sensors, in the stream of the task iterator. */
struct wf_seed {
	struct wf_header h;
	__u64 parent_start_ns;
	__u32 parent_tgid;
	__u32 uid;
	char comm[16];
};

struct wf_tuple {
	__u8 src[WF_ADDRESS_LEN]; /* IPv4 in the first four bytes */
	__u8 dst[WF_ADDRESS_LEN];
	__u16 src_port; /* host order; 0: not known yet */
	__u16 dst_port;
	__u16 family;  /* AF_INET, AF_INET6 */
	__u8 protocol; /* IPPROTO_* */
	__u8 _pad0;
};

struct wf_flow_open {
	struct wf_header h;
	__u64 cookie;
	struct wf_tuple tuple;
	__u32 via;   /* enum wf_flow_via */
	__u32 netns; /* inode of the network namespace it was opened in; 0: not known */
};

/* A TCP socket of a lineage reached ESTABLISHED or CLOSE. */
struct wf_flow_state {
	struct wf_header h;
	__u64 cookie;
	__u64 bytes_sent;
	__u64 bytes_received;
	struct wf_tuple tuple;
	__u32 old_state; /* TCP_* of the kernel */
	__u32 new_state;
	__u32 error; /* sk_err, 0 when none */
	__u32 _pad0;
};

/*
 * Counts of a UDP flow so far; at most one every five seconds. Of a TCP connection once: bytes of encrypted records
 * behind its ClientHello, when they are more than a handshake needs.
 */
struct wf_flow_update {
	struct wf_header h;
	__u64 cookie;
	__u64 datagrams;
	__u64 bytes;
	struct wf_tuple tuple;
};

/*
 * Tail: payload of one packet that says what a flow is for. Of TCP the first payload, a ClientHello wherever one begins,
 * and what is sent to port 53; of UDP the datagrams to port 53 and QUIC Initials. The same bytes come again only when
 * they were sent in another cut.
 */
struct wf_wire_head {
	struct wf_header h;
	__u64 cookie;
	struct wf_tuple tuple;
	__u32 original; /* payload bytes in that packet, from these on */
	__u32 captured;
	__u32 offset; /* TCP: of the first byte, counted from the first payload byte of the connection */
	__u32 datagram; /* UDP: bytes of each datagram where the socket handed over many at once; 0: it is one */
};

/* An agent connects to a unix socket, as it was tried. */
struct wf_unix_open {
	struct wf_header h;
	__u64 cookie;
	__u32 netns;	/* inode of the network namespace, which abstract names belong to */
	__u32 captured; /* bytes of the address; an abstract one begins with NUL */
	char path[WF_UNIX_PATH_MAX];
	__u32 _pad0;
};

/*
 * A process sent over a socket that another lineage opened, or that nobody of a lineage did; once for a socket and a
 * process. The header names the one that sent where that is an agent's, or may become one's, else the one that opened
 * it. A tgid of 0: nobody known; of a root also: in no lineage.
 */
struct wf_fd_relay {
	struct wf_header h;
	__u64 cookie;
	struct wf_process_key opener;
	struct wf_process_key opener_root;
	struct wf_process_key user;
	struct wf_process_key user_root;
	struct wf_tuple tuple;
	char comm[WF_COMM_LEN]; /* of the thread that sent */
};

/* A thread sent on a socket right after an SSL write that touched no socket itself (memory BIO). */
struct wf_tls_send {
	struct wf_header h;
	__u64 ssl;
	__u64 call; /* of the write */
	__u64 cookie;
	__u32 plain; /* bytes the write took */
	__u32 sent;  /* bytes the send took */
};

/*
 * Tail: plaintext [offset, offset + captured) of one successful call. A call of n bytes gives one or more records
 * with the same `call`; the last has offset + captured == kept. kept < original: cut at the configured limit.
 */
struct wf_tls_data {
	struct wf_header h;
	__u64 ssl;
	__u64 call;	     /* unique per boot: order of entry is not implied */
	__u64 socket_cookie; /* socket the call itself read or wrote; 0: none (memory BIO) */
	__u64 last_receive;  /* socket of the thread's last receive before a read; 0: none */
	__u32 original;	     /* bytes the call moved, as it returned them */
	__u32 kept;	     /* bytes of it that are captured over all its records */
	__u32 offset;
	__u32 captured;
	__u16 direction;  /* enum wf_direction */
	__u16 layer;	  /* enum wf_layer */
	__u32 attachment; /* whose probes told it, as Sensor::AttachTls numbers them; 0: not known */
};

struct wf_tls_free {
	struct wf_header h;
	__u64 ssl;
};

#endif
