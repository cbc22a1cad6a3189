import t from 'tap';
import { AgentRegistry, type RegistryStep } from '../../../src/agent/index.js';
import type { AgentRule, ExecEvent, ImageFact } from '../../../src/event/index.js';
import { execEvent, settings } from '../../helpers/events.js';

const key = { tgid: 100, startNs: 5_000n };
const governance = { proxy: 'required', sdk: 'none', exempt: [] } as const;
const rule = (match: AgentRule['match'], id = 'acme/pay/bot'): AgentRule => ({
  ...{ id, match, governance },
});
const registryOf = (...rules: AgentRule[]) =>
  new AgentRegistry(settings({ rules, signatures: false }));
const ask = (path: string, more: Partial<ExecEvent> = {}) =>
  execEvent(key, path, { asksVerdict: true, ...more });
const verdictOf = ({ decisions }: RegistryStep): string | undefined => {
  const [decision] = decisions;
  return decision?.verdict === 'agent' ? decision.agent.info.id : decision?.verdict;
};
const decided = (match: AgentRule['match'], exec: ExecEvent) => {
  const registry = registryOf(rule(match));
  return verdictOf(registry.ask(exec));
};

t.test('a file is its device and inode, however it is called', async (t) => {
  const file = { dev: (259n << 20n) | 0x10003n, inode: 77n, changedNs: 1n, size: 1n };
  t.equal(decided({ file: ['259:65539:77'] }, ask('/tmp/x', { file })), 'acme/pay/bot');
  t.equal(decided({ file: ['259:65539:78', '259:3:77'] }, ask('/tmp/x', { file })), 'stranger');
  const both = { file: ['259:65539:77'], exe: ['/opt/*'] };
  t.equal(decided(both, ask('/tmp/x', { file })), 'stranger', 'all that is given must match');
});

t.test('what a file holds is looked up once, by each digest that a rule knows', async (t) => {
  const image = { dev: 8n, inode: 42n, changedNs: 5n, size: 6n };
  const exec = ask('/opt/x', { file: image });
  const fact = (more: Partial<ImageFact>): ImageFact => ({
    ...{ fact: 'image', image, gone: false },
    ...more,
  });
  const byBuild = registryOf(rule({ build_id: ['cafe0123'] }));
  t.strictSame(byBuild.ask(exec).commands, [
    { do: 'look_up_image', image, path: '/opt/x', through: key, sha256: false },
  ]);
  t.equal(byBuild.stateOf(key), 'pending');
  const other = fact({ image: { ...image, size: 7n }, buildId: 'cafe0123' });
  t.strictSame(byBuild.image(other).decisions, [], 'another content of that file');
  t.equal(verdictOf(byBuild.image(fact({ buildId: 'cafe0123' }))), 'acme/pay/bot');

  const bySum = registryOf(rule({ sha256: ['ab'] }));
  t.match(bySum.ask(exec).commands, [{ do: 'look_up_image', sha256: true }]);
  t.equal(verdictOf(bySum.image(fact({ sha256: 'cd', buildId: 'ab' }))), 'stranger');
  const again = ask('/opt/y', { file: image, key: { tgid: 101, startNs: 1n } });
  t.equal(verdictOf(bySum.ask(again)), 'stranger', 'known from before');

  const gone = registryOf(rule({ sha256: ['ab'] }));
  gone.ask(exec);
  t.equal(verdictOf(gone.image(fact({ gone: true }))), 'stranger');
  const late = registryOf(rule({ sha256: ['ab'] }));
  late.ask(exec);
  t.equal(verdictOf(late.tick(1_000_000_000n)), 'stranger');
});

t.test('a seed whose file a rule asks about is decided when that is known', async (t) => {
  const image = { dev: 8n, inode: 42n, changedNs: 5n, size: 6n };
  const registry = registryOf(rule({ sha256: ['ab'] }));
  registry.seeds(
    [{ ...execEvent(key, '/'), kind: 'seed', root: null, scope: 'none', comm: 'x' }],
    0n,
  );
  const { commands, decisions } = registry.fact({
    ...{ fact: 'process', key, gone: false, exe: '/opt/x', argv: ['x'], file: image, user: 'a' },
  });
  t.match(commands, [{ do: 'look_up_image', image, through: key, sha256: true }]);
  t.strictSame(decisions, []);
  const fact = { fact: 'image', image, gone: false, sha256: 'ab' } as const;
  t.equal(verdictOf(registry.image(fact)), 'acme/pay/bot');
});

t.test('the environment that the kernel told needs no look-up', async (t) => {
  const match = { env: { AA_AGENT_ID: 'pay-*', MODE: 'live' } };
  const env = { AA_AGENT_ID: 'pay-1', MODE: 'live' };
  t.equal(decided(match, ask('/bin/x', { env })), 'acme/pay/bot');
  t.equal(decided(match, ask('/bin/x', { env: { AA_AGENT_ID: 'pay-1' } })), 'stranger');
  t.equal(decided(match, ask('/bin/x', { env: { ...env, MODE: 'test' } })), 'stranger');
  t.equal(decided({ env: { toString: '*' } }, ask('/bin/x')), 'stranger', 'its own names only');
  const registry = registryOf(rule(match));
  t.match(registry.ask(ask('/bin/x', { env, envTruncated: true })).commands, [
    { do: 'look_up_process', env: ['AA_AGENT_ID', 'MODE'] },
  ]);
  const long = 'N'.repeat(64);
  const byLong = registryOf(rule({ env: { [long]: '*' } }));
  t.match(byLong.ask(ask('/bin/x')).commands, [{ do: 'look_up_process', env: [long] }]);
  t.notOk(byLong.environment().values.includes(long), 'the kernel has no room for that name');
});

t.test('an executable glob is also about what an interpreter or the linker runs', async (t) => {
  const match = { exe: ['/srv/bot.py'] };
  const python = (argv: readonly string[]) => ask('/usr/bin/python3.11', { argv, cwd: '/srv' });
  t.equal(decided(match, python(['python3', 'bot.py'])), 'acme/pay/bot');
  t.equal(decided(match, python(['python3', 'other.py', '/srv/bot.py'])), 'stranger');
  const linker = ask('/lib64/ld-linux-x86-64.so.2', { argv: ['ld.so', '/opt/bot', '/srv/x'] });
  t.equal(decided({ exe: ['/opt/bot'] }, linker), 'acme/pay/bot');
  t.equal(decided({ exe: ['/srv/x'] }, linker), 'stranger');
});

t.test('the kernel is asked no more than the rules need', async (t) => {
  const candidates = (match: AgentRule['match'], more = {}) =>
    new AgentRegistry(settings({ rules: [rule(match)], signatures: false, ...more })).candidates();
  t.strictSame(candidates({ env: { AA_AGENT_ID: '*', B: '*' } }), {
    ...{ basenames: [], parents: [], environment: ['AA_AGENT_ID'], anyExec: false },
  });
  t.match(candidates({ env: { A: '*' }, user: ['bot'] }), { environment: ['A'], anyExec: false });
  t.match(candidates({ env: { ['N'.repeat(64)]: '*' } }), { environment: [], anyExec: true });
  for (const match of [{ sha256: ['ab'] }, { build_id: ['cafe0123'] }, { file: ['1:2:3'] }]) {
    t.match(candidates(match), { anyExec: true });
    t.match(candidates({ ...match, exe: ['bot'] }), { anyExec: false });
  }
  const named = candidates({ exe: ['/opt/bot'] }).basenames;
  t.ok(['bot', 'ld-linux-x86-64.so.2', 'ld-musl-x86_64.so.1'].every((one) => named.includes(one)));
  t.notOk(named.includes('python3.11'));
  t.ok(candidates({ exe: ['/opt/bot.py'] }).basenames.includes('python3.11'), 'who runs it');
  t.ok(candidates({ exe: ['x'] }, { inference: true }).basenames.includes('java'));
  const all = new AgentRegistry(settings({ inference: true })).candidates();
  t.ok(all.basenames.length + all.parents.length < 512, 'half of what the kernel has room for');
});

t.test('values are asked for by rules and ours, marks without values', async (t) => {
  const { values, marks } = registryOf(
    rule({ env: { MODE: '*', CLAUDECODE: '1' } }),
    rule({ env: { MODE: 'x' } }, 'a/b/c'),
  ).environment();
  t.strictSame(values, [
    ...['MODE', 'CLAUDECODE', 'AA_AGENT_ID', 'AA_AGENT_TEAM_ID', 'AA_AGENT_ORG_ID'],
    ...['LD_PRELOAD', 'LD_AUDIT', 'LD_LIBRARY_PATH'],
  ]);
  t.ok(marks.includes('GEMINI_CLI'));
  t.notOk(marks.includes('CLAUDECODE'), 'a rule has asked for its value');
});

t.test('explain says of each rule and signature why, and no value', async (t) => {
  const { bareSubject } = await import('../../../src/agent/index.js');
  const registry = new AgentRegistry(
    settings({
      rules: [
        rule({ exe: ['/opt/*'], env: { TOKEN: 'x' } }, 'a/b/one'),
        rule({ exe: ['codex'], cgroup: ['/x'] }, 'a/b/two'),
      ],
    }),
  );
  const exe = '/x/@openai/codex/codex';
  const env = { TOKEN: 'hidden-value' };
  const subject = { ...bareSubject(key), exe, exeTruncated: false, argv: ['codex'], env };
  const lines = registry.explain({ ...subject, marks: ['CLAUDECODE'] });
  t.match(lines, [
    { kind: 'registration', matched: false },
    { kind: 'rule', what: 'a/b/one', matched: false, why: 'exe differs, env differs' },
    { kind: 'rule', what: 'a/b/two', matched: false, why: 'exe matches, cgroup was not found out' },
    { kind: 'signature', what: 'claude-code', matched: false },
    { kind: 'signature', what: 'codex', matched: true, why: /npm package @openai/ },
  ]);
  t.match(lines.at(-1), { kind: 'behaviour', matched: false, why: /mark CLAUDECODE/ });
  t.notMatch(JSON.stringify(lines), /hidden-value/);
});
