import t from 'tap';
import {
  agentUuid,
  cosignSubject,
  escapeToken,
  parseSubject,
  subjectOf,
  unescapeToken,
} from '../../../src/subject/index.js';

const NAMES = [
  '',
  '=',
  'a.b',
  'a_b',
  'a=2Eb',
  'a b',
  '*',
  '>',
  'ä',
  'a\u0308',
  'web-1',
  'web_1',
  '\0',
  '日本',
  '😀',
  'A',
  'a',
];

t.test('two names never share a token, and each token gives its name back', async (t) => {
  const tokens = NAMES.map(escapeToken);
  t.equal(new Set(tokens).size, NAMES.length);
  t.same(tokens.map(unescapeToken), NAMES);
  t.ok(tokens.every((token) => /^[A-Za-z0-9_=-]+$/.test(token)));
  t.equal(escapeToken('a.b/ä'), 'a=2Eb=2F=C3=A4');
});

t.test('a token that we would not write has no name', async (t) => {
  for (const token of ['', 'a.b', '=2e', '=41', '=2', 'a=', '==', '=FF', '*', '=E2=82']) {
    t.equal(unescapeToken(token), null, token);
  }
});

const about = { tenant: 'acme', node: 'web.1', class: 2, kind: 'exec', agentId: 'acme/a/b' };

t.test('records, checkpoints and heartbeats have their subjects', async (t) => {
  t.match(agentUuid('acme/a/b'), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  t.equal(agentUuid(''), 'e3b0c442-98fc-1c14-9afb-f4c8996fb924', 'SHA-256 of nothing');
  t.equal(subjectOf(about), `watchfloor.v1.record.acme.web=2E1.activity.${agentUuid('acme/a/b')}`);
  t.equal(
    subjectOf({ ...about, class: 3, agentId: '' }),
    'watchfloor.v1.record.acme.web=2E1.sensor.none',
  );
  t.equal(subjectOf({ ...about, kind: 'checkpoint' }), 'watchfloor.v1.checkpoint.acme.web=2E1');
  t.equal(subjectOf({ ...about, kind: 'heartbeat' }), 'watchfloor.v1.heartbeat.acme.web=2E1');
  t.equal(cosignSubject('acme', 'web.1'), 'watchfloor.v1.cosign.acme.web=2E1');
});

t.test('a subject says whose it is', async (t) => {
  t.same(parseSubject(subjectOf(about)), {
    type: 'record',
    tenant: 'acme',
    node: 'web.1',
    class: 'activity',
    agent: agentUuid('acme/a/b'),
  });
  t.same(parseSubject(cosignSubject('', 'n')), { type: 'cosign', tenant: '', node: 'n' });
  for (const subject of [
    '',
    'watchfloor.v1',
    'watchfloor.v2.checkpoint.a.b',
    'watchfloor.v1.checkpoint.a',
    'watchfloor.v1.checkpoint.a.b.c',
    'watchfloor.v1.other.a.b',
    'watchfloor.v1.record.a.b.activity',
    'watchfloor.v1.record.a.b.activity.x',
    'watchfloor.v1.record.a.b.activity.none.more',
    'watchfloor.v1.record..b.activity.none',
    'watchfloor.v1.checkpoint.=41.b',
    `watchfloor.v1.checkpoint.a.${'b'.repeat(5000)}`,
  ]) {
    t.equal(parseSubject(subject), null, subject.slice(0, 60));
  }
});
