import t from 'tap';
import { noteOf, readNote } from '../../../src/agent/agent-note.js';
import { parseConfig, pipelineSettings } from '../../../src/config/index.js';

const rules = { agents: { rules: [{ id: 'acme/pay/bot', match: { exe: ['/opt/bot'] } }] } };
const settings = pipelineSettings(parseConfig(JSON.stringify(rules), 'test'), 'boot', 'node');
const bare = pipelineSettings(
  parseConfig(JSON.stringify({ agents: { signatures: false } }), 'test'),
  'boot',
  'node',
);

const root = { tgid: 7, startNs: 9n };
const info = { id: 'acme/pay/bot', name: 'bot', session: 's', assurance: 'asserted' } as const;
const origin = { ring: 'lifecycle', cpu: 1, seq: 2n ** 60n, bootNs: 5n } as const;
const agent = {
  ...{ root, info, origin, unsure: false, bootstrap: false, evidence: ['rule acme/pay/bot'] },
  governance: settings.defaultGovernance,
};

t.test('an agent read again is the same one, and says how it is known', async (t) => {
  const read = readNote(noteOf(agent), settings);
  t.match(read, { root, info, origin, bootstrap: true });
  t.same(read?.evidence, ['known to the daemon before this one']);
});

t.test('an agent that the configuration does not name any more is none', async (t) => {
  t.equal(readNote(noteOf(agent), bare), null);
  const recognised = { ...agent, info: { ...info, assurance: 'recognised' } as const };
  t.ok(readNote(noteOf(recognised), settings));
  t.equal(readNote(noteOf(recognised), bare), null);
});

t.test('what is no note of this version is none', async (t) => {
  const { text } = noteOf(agent);
  const kept = JSON.parse(text) as object;
  const bad = ['', 'null', '{', '{"v":2}', '{"v":1}', JSON.stringify({ ...kept, seq: '-1' })];
  for (const one of bad) t.equal(readNote({ root, text: one }, settings), null, one);
});
