// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A new program in a lineage; or one outside every lineage that could be an agent, which then becomes a
 * pending root. Of any other exec nothing is read but its names.
 */
#include "lib/program.h"
#include "lib/candidate.h"
#include "lib/environment.h"
#include "lib/exec_record.h"
#include "lib/root.h"

/*
 * May this exec be an agent's? While a rule names environment alone, also every foreign environment is searched, and
 * one that is too large to be searched is asked about. What was found stays in the scratch.
 */
static __always_inline bool is_candidate(struct task_struct *task, struct linux_binprm *bprm,
					 struct wf_exec_scratch *scratch, __u32 wanted)
{
	if (wanted & WF_ENVIRONMENT_CANDIDATE) {
		environment_search(task->mm->env_start, task->mm->env_end);
		if (scratch->env_candidate || scratch->env_truncated)
			return true;
	}
	return candidate_matches(bprm);
}

/* Makes the task the pending root of a lineage of its own. */
static __always_inline bool adopt(struct task_struct *task, struct wf_who *who)
{
	struct wf_process_key self = { .tgid = task->tgid, .start_ns = task_start_ns(task) };

	who->self = self;
	who->root = self;
	who->verdict = WF_VERDICT_PENDING;
	return root_begin(&self);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(wf_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct wf_who who = { .tid = task->pid };
	struct wf_exec_scratch *scratch = exec_scratch();
	__u32 wanted = environment_wanted();
	__u32 tgid = task->tgid;
	bool found = scope_find(task, tgid, &who);
	bool leaves = false;
	__u32 flags = 0;
	__u32 at;

	if (!scratch)
		return 0;
	/* An interpreter is watched, not what it starts: that is asked about like anybody's exec, or let go. */
	if (!found || who.verdict == WF_VERDICT_WATCHED) {
		/* A relay stays one, whatever it executes; one that could be an agent is asked about. */
		if (!found && who.verdict != WF_VERDICT_RELAY)
			scope_forget(tgid);
		if (is_candidate(task, bprm, scratch, wanted)) {
			if (!adopt(task, &who))
				return 0;
			flags = WF_EXEC_ASKS_VERDICT;
		} else if (!found) {
			return 0;
		} else {
			leaves = true;
		}
	}
	scratch->record.flags = flags;
	scratch->env_written = 0;
	scratch->env_truncated = 0;
	if (wanted && !leaves)
		environment_search(task->mm->env_start, task->mm->env_end);
	exec_identity(&scratch->record, task, bprm->file->f_inode);
	if (leaves) {
		exec_bare(&scratch->record);
		exec_send(scratch, &who);
		scope_forget(tgid);
		return 0;
	}
	at = exec_paths(scratch, task, bprm->file);
	at = exec_argv(scratch, task->mm, at);
	exec_environment(scratch, at);
	exec_send(scratch, &who);
	return 0;
}
