import t from 'tap';
import { statusText } from '../../../src/cli/status-view.js';
import { assembleStatus } from '../../../src/telemetry/index.js';
import type { Status, StatusParts } from '../../../src/telemetry/index.js';

const SIGNER = { condition: 'running', lastError: null, size: 1042n };

const PUBLISH = {
  link: { state: 'connected', server: 'tls://hub:4222' },
  ...{ ackedSeq: 1040n, backlog: 2n, backlogAgeMs: 61_500, cosigned: 1000n, stalled: false },
  ...{ refused: null, lastError: null, problems: [], missed: 0n, rejected: 3, assembly: null },
  cosignatures: { accepted: 9, refused: 0, lastRefusal: null },
};

/** As the daemon answers: 64-bit numbers are text. */
const statusWith = (parts: Partial<StatusParts>): Status =>
  assembleStatus({
    ...{ version: '1', node: 'n', tenant: 't', pid: 1, bootId: 'b', epoch: 1, kernel: '6' },
    ...{ startedMs: 0, nowMs: 1000, configFile: null, recording: null, paused: false },
    programs: [],
    pinning: { state: 'off', adopted: false, links: 0, discarded: 0, detail: '' },
    ...{ journal: {}, signer: SIGNER, publish: PUBLISH, pipeline: {}, readers: {}, commands: {} },
    ...parts,
  });

const shown = (parts: Partial<StatusParts>): string => statusText(statusWith(parts));

t.test('status says how far the journal is signed, sent and cosigned', async (t) => {
  const text = shown({});
  t.match(text, /^health {5}ok\n/);
  t.match(text, /^signed {5}up to record 1042$/m);
  t.match(
    text,
    /^publish {4}connected tls:\/\/hub:4222, acknowledged up to 1040, 2 waiting for 1m 1s, cosigned up to 1000$/m,
  );
  t.match(shown({ publish: { ...PUBLISH, backlog: 0n } }), /1040, 0 waiting, cosigned/);
  t.match(shown({ publish: { ...PUBLISH, cosignatures: null } }), /gateway_key is not set$/m);
});

t.test('without servers nothing is sent, which is no trouble', async (t) => {
  const text = shown({ publish: null });
  t.match(text, /^health {5}ok\n/);
  t.match(text, /^publish {4}to nobody: publish\.nats\.servers is empty$/m);
});

t.test('a signer that does not sign is a trouble, and degrades the node', async (t) => {
  t.match(shown({ signer: null }), /^health {5}nothing is signed\n/);
  t.match(shown({ signer: null }), /^signed {5}nothing: the signer did not start, the log says/m);
  const lastError = 'it came back with another key';
  const behind = { ...SIGNER, condition: 'behind', lastError };
  t.match(shown({ signer: behind }), /^health {5}nothing is signed\n/);
  t.match(
    shown({ signer: behind }),
    /^signed {5}up to record 1042; the signer is behind: it came back with another key$/m,
  );
  t.same(statusWith({}).degraded, []);
  t.same(statusWith({ signer: null }).degraded, ['signer: it did not start']);
  t.same(statusWith({ signer: behind }).degraded, [`signer: it is behind: ${lastError}`]);
});

t.test('what the broker does not take is a trouble with its reason', async (t) => {
  const stalled = shown({
    publish: {
      ...PUBLISH,
      ...{ stalled: true, lastError: 'auth: authorization violation', backlog: 70n },
      link: { state: 'connecting', server: 'tls://hub:4222' },
    },
  });
  t.match(stalled, /^health {5}publishing has stalled: 70 waiting for 1m 1s\n/);
  t.match(stalled, /^ {2}no link {2}auth: authorization violation$/m);
  const refused = shown({
    publish: {
      ...PUBLISH,
      ...{ refused: 'store_full: no room', problems: ['max_age is 60 s'], missed: 12n },
      cosignatures: { refused: 1, lastRefusal: 'it is of another node\u001b[2J' },
    },
  });
  t.match(refused, /^health {5}the broker refuses records; records were gone before /);
  t.match(refused, /^ {2}refused {2}store_full: no room$/m);
  t.match(refused, /^ {2}stream {3}max_age is 60 s$/m);
  t.match(refused, /^ {2}missed {3}12 records, never sent$/m);
  t.match(refused, /^ {2}refused {2}a cosignature: it is of another node/m);
  t.notOk(refused.includes('\u001b'), 'what others say is escaped');
});

t.test('the rows for Agent Assembly have a line and troubles of their own', async (t) => {
  const rows = {
    ...{ stream: 'AUDIT', ackedSeq: 900n, backlog: 140n, backlogAgeMs: 5000, problems: [] },
    ...{ stalled: true, refused: 'no_stream: there is none' },
  };
  const text = shown({ publish: { ...PUBLISH, assembly: rows } });
  t.match(
    text,
    /^health {5}Agent Assembly's rows have stalled: 140 waiting for 0m 5s; the broker refuses/,
  );
  t.match(text, /^ {2}assembly acknowledged up to 900, 140 waiting for 0m 5s$/m);
  t.match(text, /^ {2}refused {2}no_stream: there is none$/m);
});
