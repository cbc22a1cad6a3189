/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths by walking dentries and mounts, as prepend_path() in fs/d_path.c does; bpf_d_path is refused in
 * these programs. The walk ends at the root of the mount namespace, not at the process's own root: a
 * chroot must not be able to choose what its programs are called.
 *
 * The two functions at the end are global, so that the verifier checks each once and not once for every state
 * of its caller. It lets them have numbers only, so addresses are passed as such, read by BPF_CORE_READ.
 */
#ifndef WF_LIB_PATH_H
#define WF_LIB_PATH_H

#include "maps/exec_scratch.h"

/* Names from the file upwards into scratch->names. */
static __always_inline void path_climb(struct wf_exec_scratch *scratch, struct dentry *dentry,
				       struct vfsmount *vfs)
{
	struct mount *mount = (void *)vfs - bpf_core_field_offset(struct mount, mnt);

	for (int i = 0; i < WF_PATH_DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			struct mount *below = BPF_CORE_READ(mount, mnt_parent);

			if (below == mount)
				return;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = below;
			scratch->path_mounts++;
			continue;
		}
		scratch->names[scratch->path_names++ & (WF_PATH_DEPTH - 1)] = dentry;
		/* In no directory: a memfd, which is called "memfd:" and what its maker chose. */
		if (dentry == parent)
			return;
		dentry = parent;
	}
	scratch->path_truncated = 1;
}

/* Appends '/' and the name to what is written from scratch->tail + start on; false when it does not fit. */
static __always_inline bool path_append(struct wf_exec_scratch *scratch, struct dentry *dentry,
					__u32 start)
{
	__u32 written = scratch->path_written;
	__u32 at = start + written;
	long length;

	if (written + 1 + BPF_CORE_READ(dentry, d_name.len) > WF_PATH_MAX)
		return false;
	scratch->tail[at & WF_EXEC_TAIL_AT] = '/';
	/* The length includes the NUL, and with the '/' in its place that is what was written. */
	length = bpf_probe_read_kernel_str(&scratch->tail[(at + 1) & WF_EXEC_TAIL_AT], 256,
					   BPF_CORE_READ(dentry, d_name.name));
	written += length > 0 ? length : 1;
	/* A rename between the two reads can have made the name longer. */
	scratch->path_written = written > WF_PATH_MAX ? WF_PATH_MAX : written;
	return true;
}

/*
 * Writes the path of (dentry, vfsmount), both addresses, at scratch->tail + start; leaves length and
 * truncation in scratch. A path deeper than WF_PATH_DEPTH loses its first names, a longer one its last.
 */
__weak __noinline int path_write(__u64 dentry, __u64 vfs, __u32 start)
{
	struct wf_exec_scratch *scratch = exec_scratch();

	if (!scratch)
		return 0;
	scratch->path_names = 0;
	scratch->path_written = 0;
	scratch->path_truncated = 0;
	scratch->path_mounts = 0;
	path_climb(scratch, (void *)dentry, (void *)vfs);
	for (__u32 i = WF_PATH_DEPTH; i > 0; i--) {
		if (i > scratch->path_names)
			continue;
		if (!path_append(scratch, scratch->names[i - 1], start)) {
			scratch->path_truncated = 1;
			return 0;
		}
	}
	if (!scratch->path_names) {
		scratch->tail[start & WF_EXEC_TAIL_AT] = '/';
		scratch->path_written = 1;
	}
	return 0;
}

/* Where the last name begins in a path of kernel memory, in bytes; 0 when it holds no '/'. */
__weak __noinline int path_basename(__u64 path)
{
	struct wf_exec_scratch *scratch = exec_scratch();
	int last = 0;

	if (!scratch || bpf_probe_read_kernel_str(scratch->tail, WF_PATH_MAX, (void *)path) < 0)
		return 0;
	for (int i = 0; i < WF_PATH_MAX; i++) {
		if (!scratch->tail[i])
			break;
		if (scratch->tail[i] == '/')
			last = i + 1;
	}
	return last;
}

#endif
