/** Compares what was done with what was found. Pure. */

const RULE = 'bypass.direct_egress';

/**
 * `acts`: {pid, id, name, way}; `records`: the journal's lines; `requests` and `tunnels`: what the server and the
 * proxy saw. Answers one line of summary and every mistake; no mistake means exactly right.
 */
export function judge(acts, records, requests, tunnels) {
  const of = (pid) => records.filter((record) => record.process?.pid === pid);
  const around = acts.filter(({ way }) => way === 'around');
  const findings = records.filter(({ kind }) => kind === 'finding');
  const bypasses = findings.filter(({ finding }) => finding.rule === RULE);
  const others = findings.length - bypasses.length;
  const mistakes = [
    ...acts.flatMap((act) => mistakesOf(act, of(act.pid), requests)),
    ...strangers(acts, findings),
    ...expectCount('requests at the model server', requests.length, acts.length),
    ...expectCount('tunnels at the proxy', tunnels.length, acts.length - around.length),
  ];
  const more = others === 0 ? '' : ` (and ${others} of other rules)`;
  return {
    summary: `went around: ${around.length}, findings: ${bypasses.length}${more}`,
    mistakes,
  };
}

function mistakesOf({ pid, id, name, way }, records, requests) {
  const who = `${name} (pid ${pid}), ${way} the proxy`;
  const mistakes = [];
  if (!records.some(({ kind }) => kind === 'exec')) mistakes.push(`${who}: its start was not seen`);
  if (records.some(({ agent }) => agent?.id !== id)) mistakes.push(`${who}: not known as ${id}`);
  const findings = records.filter(({ kind }) => kind === 'finding');
  if (way === 'through') {
    for (const { finding } of findings)
      mistakes.push(`${who}: ${finding.rule}: ${finding.summary}`);
    return mistakes;
  }
  const bypasses = findings.filter(({ finding }) => finding.rule === RULE);
  mistakes.push(...expectCount(`${who}: ${RULE}`, bypasses.length, 1));
  for (const { net } of bypasses) {
    const same = requests.some(({ peer_port }) => peer_port === net?.src_port);
    if (!same) mistakes.push(`${who}: source port ${net?.src_port} is not one the server saw`);
  }
  return mistakes;
}

/** Findings about anybody who is not one of the agents. */
function strangers(acts, findings) {
  const pids = new Set(acts.map(({ pid }) => pid));
  return findings
    .filter(({ process }) => !pids.has(process?.pid))
    .map(({ finding, process }) => `${finding.rule} about pid ${process?.pid}: ${finding.summary}`);
}

function expectCount(what, got, want) {
  return got === want ? [] : [`${what}: ${got}, not ${want}`];
}
