import t from 'tap';
import { noteOf, readNote, readNotes } from '../../../src/agent/agent-note.js';
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
  const bad = ['', 'null', '{', '{"v":2}', '{"v":1}', '[]', JSON.stringify({ ...kept, seq: '-1' })];
  for (const one of bad) t.equal(readNote({ root, text: one }, settings), null, one);
});

const linkTo = (n: number) => ({ id: `acme/team/agent-${n}`, session: `session-${n}` });
const under = { parent: linkTo(2), root: linkTo(1), depth: 2, handedOff: false };

t.test('an agent under another is read with all it descends from', async (t) => {
  for (const descent of [under, { ...under, root: under.parent, depth: 1, handedOff: true }]) {
    const nested = { ...agent, info: { ...info, under: descent } };
    t.strictSame(readNote(noteOf(nested), settings)?.info, nested.info);
  }
});

t.test('the longest note fits into what the kernel keeps', async (t) => {
  const id = (letter: string) => [letter, letter, letter].map((l) => l.repeat(64)).join('/');
  const session = 's'.repeat(36);
  const link = (letter: string) => ({ id: id(letter), session });
  const long = {
    ...agent,
    origin: { ...origin, seq: 2n ** 64n - 1n, bootNs: 2n ** 63n },
    info: {
      ...{ id: id('a'), name: '\u{1f600}'.repeat(32), session, assurance: 'bound' as const },
      under: {
        parent: link('b'),
        root: { ...link('c'), session: 't'.repeat(36) },
        depth: 4096,
        handedOff: false,
      },
    },
  };
  const note = noteOf(long);
  t.ok(Buffer.byteLength(note.text) <= 1023);
  t.strictSame(readNote(note, settings)?.info.under, long.info.under);
});

t.test('what was registered or inferred stays so over a restart', async (t) => {
  const read = (assurance: 'bound' | 'inferred', from = settings) =>
    readNote(noteOf({ ...agent, info: { ...info, assurance } }), from);
  t.ok(read('bound', bare), 'no rule is needed');
  t.ok(read('inferred'));
  t.equal(read('inferred', { ...settings, inference: false }), null);
  t.match(readNote(noteOf({ ...agent, isServer: true }), settings), { isServer: true });
});

t.test('governance is that of the rule, or of who started it, in whatever order', async (t) => {
  const proxied = { proxy: 'required', sdk: 'none', exempt: [] } as const;
  const ruled = {
    ...settings,
    rules: settings.rules.map((one) => ({ ...one, governance: proxied })),
  };
  const link = { id: info.id, session: info.session };
  const inner = {
    ...agent,
    root: { tgid: 8, startNs: 9n },
    info: {
      ...{
        id: 'unregistered/a/codex',
        name: 'codex',
        session: 'inner',
        assurance: 'recognised' as const,
      },
      under: { parent: link, root: link, depth: 1, handedOff: false },
    },
  };
  const notes = [noteOf(inner), noteOf(agent)];
  t.strictSame(
    readNotes(notes, ruled).map(({ governance }) => governance),
    [proxied, proxied],
  );
  t.match(readNotes([noteOf(inner)], ruled), [{ governance: settings.defaultGovernance }]);
  const loop = {
    ...inner,
    info: { ...inner.info, under: { ...inner.info.under, parent: { id: 'x', session: 'inner' } } },
  };
  t.match(readNotes([noteOf(loop)], ruled), [{ governance: settings.defaultGovernance }]);
});
