/**
 * What the scene stands on: an address on the private loopback, names for it that only this mount namespace sees, a
 * throw-away certificate, and the daemon's configuration.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** From the block for documentation (RFC 5737): no machine on any network has it. */
export const MODEL_ADDRESS = '203.0.113.10';
export const MODEL_HOSTS = ['api.openai.com', 'api.anthropic.com'];
export const PROXY_ADDRESS = '127.0.0.1';
export const PROXY_PORT = 8899;

const run = (command, args) => execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const find = (program) =>
  realpathSync(
    run('/bin/sh', ['-c', `command -v ${program}`])
      .toString()
      .trim(),
  );

/** The agents: what to run to ask the model, and the rule that tells the daemon whose program it is. */
export function makeAgents() {
  const curl = find('curl');
  const python = find('/usr/bin/python3');
  const chat = 'https://api.openai.com/v1/chat/completions';
  const messages = 'https://api.anthropic.com/v1/messages';
  const question = '{"model":"demo-1","messages":[{"role":"user","content":"hello"}]}';
  const ask = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-A', 'demo-bot', '-d', question];
  return [
    {
      id: 'demo/bots/curl',
      name: 'curl',
      rule: { exe: [curl], argv: ['* demo-bot *'] },
      command: (way) => [curl, [...ask, ...(way === 'around' ? ['--noproxy', '*'] : []), chat]],
    },
    {
      id: 'demo/bots/python',
      name: 'Python urllib',
      rule: { exe: [python], argv: ['*urllib_agent.py *'] },
      command: (way) => [python, [here('agents/urllib_agent.py'), way, messages]],
    },
    {
      id: 'demo/bots/node',
      name: 'Node fetch',
      rule: { exe: [realpathSync(process.execPath)], argv: ['*fetch-agent.mjs *'] },
      command: (way) => [process.execPath, [here('agents/fetch-agent.mjs'), way, chat]],
    },
  ];
}

function makeCertificate(dir) {
  const names = [...MODEL_HOSTS.map((host) => `DNS:${host}`), `IP:${MODEL_ADDRESS}`].join(',');
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
  ];
  const subject = [
    '-days',
    '2',
    '-subj',
    '/CN=watchfloor demo',
    '-addext',
    `subjectAltName=${names}`,
  ];
  run('openssl', [...request, '-keyout', key, '-out', cert, ...subject]);
  return { cert, key };
}

/** The daemon's configuration: only what differs from the defaults; the exemptions are the shipped ones. */
export function demoConfig(agents) {
  return {
    agents: {
      signatures: false,
      rules: agents.map(({ id, rule }) => ({ id, match: rule })),
    },
    governance: {
      default: { proxy: 'required' },
      proxies: [
        {
          listen: `${PROXY_ADDRESS}:${PROXY_PORT}`,
          user: 'root',
          exe: realpathSync(process.execPath),
        },
      ],
    },
  };
}

function writeConfig(dir, agents) {
  const path = join(dir, 'config.yaml');
  // Whatever ends the demo, nothing of it stays in the kernel.
  const config = { ...demoConfig(agents), sensor: { pin: false } };
  // JSON is YAML.
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`);
  return path;
}

/** Builds the stage in this process's own network and mount namespace. `strike` takes away what outlives them. */
export function buildStage() {
  const dir = mkdtempSync(join(tmpdir(), 'watchfloor-demo-'));
  const hosts = join(dir, 'hosts');
  writeFileSync(hosts, `127.0.0.1 localhost\n${MODEL_ADDRESS} ${MODEL_HOSTS.join(' ')}\n`);
  run('ip', ['link', 'set', 'lo', 'up']);
  run('ip', ['address', 'add', `${MODEL_ADDRESS}/32`, 'dev', 'lo']);
  // A mount needs something to stand on; a bare system may have no hosts file.
  const bare = !existsSync('/etc/hosts');
  if (bare) writeFileSync('/etc/hosts', '');
  run('mount', ['--bind', hosts, '/etc/hosts']);
  const agents = makeAgents();
  return {
    agents,
    ...makeCertificate(dir),
    config: writeConfig(dir, agents),
    stateDir: join(dir, 'state'),
    runDir: join(dir, 'run'),
    log: join(dir, 'daemon.log'),
    strike() {
      run('umount', ['/etc/hosts']);
      if (bare) rmSync('/etc/hosts');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
