#!/usr/bin/env node
/**
 * The demo's agents before a daemon that records: DIR/demo.wfrec is what its stages were given, DIR/demo.jsonl what it
 * journaled of it. For a machine that may be thrown away: it changes the network and the resolver.
 *
 * usage: record.mjs DIR
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endChild, endChildren, run, start, until } from './child.mjs';
import { buildStage, MODEL_ADDRESS, PROXY_ADDRESS, PROXY_PORT } from './stage.mjs';

const [dir] = process.argv.slice(2);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const main = here('../../dist/main.js');

const stage = buildStage();
// Nobody answers there: the question is what is to be seen.
writeFileSync('/etc/resolv.conf', `nameserver ${MODEL_ADDRESS}\noptions attempts:1 timeout:1\n`);
const config = JSON.parse(readFileSync(stage.config, 'utf8'));
config.governance.window_ms = 500;
writeFileSync(stage.config, JSON.stringify(config));

const places = ['--config', stage.config, '--state-dir', stage.stateDir, '--run-dir', stage.runDir];
const watchfloor = (command, ...args) => [process.execPath, [main, command, ...places, ...args]];
const tail = watchfloor('tail', '--all', '--after', '0', '-o', 'json');
// Without what it says on the way, such as that it reads the journal itself.
const journaled = async () =>
  (await run(...tail)).text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .join('\n');

const services = [
  start(process.execPath, [here('model-server.mjs'), MODEL_ADDRESS, '443', stage.cert, stage.key], {
    lines: true,
  }),
  start(process.execPath, [here('proxy.mjs'), PROXY_ADDRESS, String(PROXY_PORT)], { lines: true }),
];
await until('the model server and the proxy', () => services.every(({ lines }) => lines[0]));
const daemon = start(...watchfloor('run', '--record', join(dir, 'demo.wfrec')), {
  stdio: ['ignore', 2, 2],
});
await until('the daemon', async () => [0, 1].includes((await run(...watchfloor('status'))).code));

const env = {
  PATH: process.env.PATH,
  HTTPS_PROXY: `http://${PROXY_ADDRESS}:${PROXY_PORT}`,
  CURL_CA_BUNDLE: stage.cert,
  SSL_CERT_FILE: stage.cert,
  NODE_EXTRA_CA_CERTS: stage.cert,
};
const [curl] = stage.agents;
const [program, args] = curl.command('around');
await run(program, [...args.slice(0, -1), 'https://model.example/'], { env });
for (const way of ['through', 'around']) {
  for (const agent of stage.agents) {
    const { code, text } = await run(...agent.command(way), { env });
    if (code !== 0 || text !== '200') throw new Error(`${agent.name} ${way}: ${code}: ${text}`);
  }
}
await until('the findings', async () => {
  const lines = (await journaled()).split('\n');
  return lines.filter((line) => line.includes('"bypass.undeclared_llm_call"')).length >= 3;
});
await endChild(daemon);
writeFileSync(join(dir, 'demo.jsonl'), `${await journaled()}\n`);
await endChildren();
stage.strike();
process.exit(0);
