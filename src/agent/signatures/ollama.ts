import type { Signature } from '../signature.js';

/** A model on this machine. It answers whoever asks and does nothing by itself, so nobody needs to register it. */
export const ollama: Signature = {
  name: 'ollama',
  kind: 'model-server',
  verified: false,
  evidence: [
    'not run here',
    '`ollama serve` listens on 11434 and starts `ollama runner` for each model',
  ],
  marks: [{ exe: ['ollama'], command: ['serve', 'start'], says: 'local model server' }],
  basenames: ['ollama'],
  parents: [],
};
