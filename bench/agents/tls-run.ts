import { describeMachine } from '../machine.js';
import { Ends } from '../owner.js';
import { counted, markdown } from '../table.js';
import { tryOverTls, type TlsVerdict } from './tls.js';
import { TLS_CASES } from './tls-cases.js';
import type { Installed } from './trial.js';

/** Prints the table of what can be read of these agents' TLS; exit code 1 when something stayed silent. */
export async function runOverTls(installed: readonly Installed[]): Promise<void> {
  const verdicts: TlsVerdict[] = [];
  for (const one of TLS_CASES) {
    const found = installed.find(({ agent }) => agent.name === one.agent);
    if (found === undefined) continue;
    console.error(`test-agents: ${one.title}, over TLS`);
    const ends = new Ends();
    try {
      const verdict = await tryOverTls(ends, found, one);
      for (const text of verdict.wrong) console.error(`test-agents: ${one.title}: ${text}`);
      verdicts.push(verdict);
    } finally {
      await ends.all();
    }
  }
  console.log(`${describeMachine()}\n`);
  console.log(table(verdicts));
  const isRead = ({ plaintext, opaque, silent }: TlsVerdict): boolean =>
    plaintext > 0 && opaque + silent === 0;
  process.exitCode = verdicts.every(isRead) ? 0 : 1;
}

function table(rows: readonly TlsVerdict[]): string {
  const head =
    'agent,version,TLS library,HTTP,connections read,requests,opaque,silent,bytes read,findings';
  return markdown(
    head.split(','),
    rows.map(({ title, version, libraries, protocols, findings, ...row }) => [
      ...[title, version, libraries.join(', ') || '-', protocols.join(', ') || '-'],
      ...[row.plaintext, row.requests, row.opaque, row.silent, row.bytes].map(String),
      counted(findings),
    ]),
  );
}
