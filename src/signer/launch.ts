import { SignerProcess } from './process.js';
import type { Ending, ProcessOptions } from './process.js';
import { decodeIdentity, encodeStateRequest } from './protocol.js';
import type { SignerIdentity } from './protocol.js';

export interface Launched {
  readonly process: SignerProcess;
  readonly identity: SignerIdentity;
}

/** Starts a process and asks what it is and where it stands; or how it ended instead. */
export async function launch(options: ProcessOptions): Promise<Launched | Ending> {
  const process = new SignerProcess(options);
  const answer = await process.ask(encodeStateRequest());
  const identity = answer?.outcome === 'ok' ? decodeIdentity(answer.body) : null;
  if (identity !== null) return { process, identity };
  if (answer !== null) process.giveUp('it does not say its state');
  return process.ended;
}
