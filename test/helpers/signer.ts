import { fileURLToPath } from 'node:url';
import { SignerProcess } from '../../src/signer/process.js';
import {
  decodeIdentity,
  encodeCheckpoint,
  encodeStateRequest,
  type SignerIdentity,
} from '../../src/signer/protocol.js';
import type { CheckpointRequest } from '../../src/signer/request.js';
import type { Owner } from './children.js';
import type { NaiveTree } from './naive-tree.js';

/** The signer of this checkout. */
export const SIGNER = fileURLToPath(
  new URL('../../build/Release/watchfloor-signer', import.meta.url),
);
export const ORIGIN = 'watchfloor.v1/default/web-1';
const DEADLINE_MS = 20_000;

/** A running signer, ended with the test. */
export function startSigner(t: Owner, directory: string, origin = ORIGIN): SignerProcess {
  const process = new SignerProcess({ binary: SIGNER, directory, origin, deadlineMs: DEADLINE_MS });
  t.teardown(() => {
    process.giveUp('the test is over');
    return process.ended;
  });
  return process;
}

/** Key and state of a signer that runs. */
export async function identify(process: SignerProcess): Promise<SignerIdentity> {
  const answer = await process.ask(encodeStateRequest());
  const identity = answer?.outcome === 'ok' ? decodeIdentity(answer.body) : null;
  if (identity === null) throw new Error(`no signer: ${(await process.ended).reason}`);
  return identity;
}

/** What takes the signer from one size of a tree to another. */
export function step(tree: NaiveTree, oldSize: number, size: number): CheckpointRequest {
  return {
    size: BigInt(size),
    root: tree.root(size),
    oldSize: BigInt(oldSize),
    proof: tree.proof(oldSize, size),
    range: tree.range(size),
  };
}

/** The note; or the outcome where there is none; 'gone': no answer. */
export async function sign(process: SignerProcess, request: CheckpointRequest): Promise<string> {
  const frame = encodeCheckpoint(request);
  if (frame === null) throw new Error('no frame can hold this request');
  const answer = await process.ask(frame);
  if (answer === null) return 'gone';
  return answer.outcome === 'ok' ? answer.body.toString() : answer.outcome;
}
