import { join } from 'node:path';
import { readSignerState, Signer, SignerError } from '../signer/index.js';
import type { TreeState } from '../signer/index.js';
import type { Log } from '../telemetry/index.js';

export interface Signing {
  /** null: nobody signs. */
  readonly signer: Signer | null;
  /** What was signed last; null: nothing yet. */
  readonly state: TreeState | null;
  /** The node's verifier key, whether or not it signs now; null: it has none yet. */
  readonly vkey: string | null;
}

/** A node that cannot sign still watches, and says that it does not sign. */
export const startSigning = async (
  stateDir: string,
  { tenant, node }: { readonly tenant: string; readonly node: string },
  log: Log,
): Promise<Signing> => {
  const directory = join(stateDir, 'signer');
  try {
    const signer = await Signer.start({ directory, origin: `watchfloor.v1/${tenant}/${node}` });
    const { state, vkey } = signer;
    return { signer, state: state.size === 0n ? null : state, vkey };
  } catch (error) {
    if (!(error instanceof SignerError)) throw error;
    const { message, remedy } = error;
    log.error({ reason: message, remedy }, 'the journal is not signed');
    const { state, vkey } = readSignerState(directory);
    return { signer: null, state, vkey };
  }
};
