/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which content of which file: its size, and the time of its last change, which nobody can set back. */
#ifndef WF_LIB_IMAGE_H
#define WF_LIB_IMAGE_H

#define NSEC_PER_SEC 1000000000ULL
/* From 6.13 on the upper bit says that somebody asked for the time (I_CTIME_QUERIED). */
#define NSEC_MASK 0x7fffffff

/* st_ctime in nanoseconds. */
static __always_inline __u64 image_changed_ns(struct inode *inode)
{
	struct inode___since_6_11 *split = (void *)inode;
	struct inode___before_6_11 *moved = (void *)inode;
	struct inode___before_6_6 *whole = (void *)inode;
	__u64 seconds, nanoseconds;

	if (bpf_core_field_exists(split->i_ctime_sec)) {
		seconds = BPF_CORE_READ(split, i_ctime_sec);
		nanoseconds = BPF_CORE_READ(split, i_ctime_nsec);
	} else if (bpf_core_field_exists(moved->__i_ctime)) {
		seconds = BPF_CORE_READ(moved, __i_ctime.tv_sec);
		nanoseconds = BPF_CORE_READ(moved, __i_ctime.tv_nsec);
	} else {
		seconds = BPF_CORE_READ(whole, i_ctime.tv_sec);
		nanoseconds = BPF_CORE_READ(whole, i_ctime.tv_nsec);
	}
	return seconds * NSEC_PER_SEC + (nanoseconds & NSEC_MASK);
}

#endif
