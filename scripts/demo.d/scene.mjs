#!/usr/bin/env node
/** The demo's course: build the stage, start everybody, let the agents act, wait for the verdicts, count. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { endChild, endChildren, run, start, until } from './child.mjs';
import { buildStage, MODEL_ADDRESS, PROXY_ADDRESS, PROXY_PORT } from './stage.mjs';
import { judge } from './judge.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const main = here('../../dist/main.js');
const say = (text) => console.log(`demo: ${text}`);

const stage = buildStage();
const places = ['--config', stage.config, '--state-dir', stage.stateDir, '--run-dir', stage.runDir];
const watchfloor = (command, ...args) => [process.execPath, [main, command, ...places, ...args]];

let ending = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => void end(130));
}

async function end(code) {
  if (ending) return;
  ending = true;
  await endChildren();
  stage.strike();
  process.exit(code);
}

async function startServices() {
  const server = start(
    process.execPath,
    [here('model-server.mjs'), MODEL_ADDRESS, '443', stage.cert, stage.key],
    { lines: true },
  );
  const proxy = start(process.execPath, [here('proxy.mjs'), PROXY_ADDRESS, String(PROXY_PORT)], {
    lines: true,
  });
  await until('the model server and the proxy', () => server.lines[0] && proxy.lines[0]);
  say(`model server on ${MODEL_ADDRESS}:443, proxy on ${PROXY_ADDRESS}:${PROXY_PORT}`);
  return { server, proxy };
}

async function startDaemon() {
  const log = openSync(stage.log, 'w', 0o600);
  const daemon = start(...watchfloor('run'), { stdio: ['ignore', log, log] });
  closeSync(log);
  await until('the daemon', async () => {
    if (daemon.exitCode !== null) throw new Error(`the daemon ended with ${daemon.exitCode}`);
    // 1: it answers, and a sensor is missing on this kernel.
    return [0, 1].includes((await run(...watchfloor('status'))).code);
  });
  say('the daemon watches; its findings, as `watchfloor tail -f` prints them:');
  return daemon;
}

/** One agent, once. Answers what is to be judged of it. */
async function act(agent, way) {
  const env = {
    PATH: process.env.PATH,
    HTTPS_PROXY: `http://${PROXY_ADDRESS}:${PROXY_PORT}`,
    CURL_CA_BUNDLE: stage.cert,
    SSL_CERT_FILE: stage.cert,
    NODE_EXTRA_CA_CERTS: stage.cert,
  };
  const { pid, code, text } = await run(...agent.command(way), { env });
  if (code !== 0 || text !== '200')
    throw new Error(`${agent.name} (${way}): ${text || `exit ${code}`}`);
  say(`${agent.name} (pid ${pid}) went ${way} the proxy`);
  return { pid, id: agent.id, name: agent.name, way };
}

/** Those that go around come last: when they are judged, everybody before them is. */
async function actAll() {
  const acts = [];
  for (const way of ['through', 'around']) {
    for (const agent of stage.agents) acts.push(await act(agent, way));
  }
  return acts;
}

/**
 * A flow around the proxy is judged at once, an undeclared call when the time to declare it is over. The last act's time
 * ends last, so after it everybody has been judged, also those of whom there is nothing to say.
 */
function allJudged(acts, lines) {
  const found = (rule, pid) =>
    lines.some(({ finding, process }) => finding?.rule === rule && process?.pid === pid);
  const around = acts.filter(({ way }) => way === 'around');
  return (
    around.every(({ pid }) => found('bypass.direct_egress', pid)) &&
    found('bypass.undeclared_llm_call', around.at(-1).pid)
  );
}

async function play() {
  const { server, proxy } = await startServices();
  const daemon = await startDaemon();
  const terminal = start(...watchfloor('tail', '-f'));
  const json = start(...watchfloor('tail', '-f', '-o', 'json'), { lines: true });
  const acts = await actAll();
  await until('the findings', () => allJudged(acts, json.lines)).catch((error) =>
    say(error.message),
  );
  await Promise.all([endChild(terminal), endChild(json)]);
  await endChild(daemon);
  const journal = await run(...watchfloor('tail', '--all', '--after', '0', '-o', 'json'));
  const lines = journal.text.split('\n').filter((line) => line.startsWith('{'));
  return judge(
    acts,
    lines.map((line) => JSON.parse(line)),
    server.lines.slice(1),
    proxy.lines.slice(1),
  );
}

try {
  const { summary, mistakes } = await play();
  say(summary);
  for (const mistake of mistakes) console.error(`demo: wrong: ${mistake}`);
  await end(mistakes.length === 0 ? 0 : 1);
} catch (error) {
  // Whoever ends the demo also ends its children: what they then fail at is no news.
  if (!ending) {
    console.error(`demo: ${error.message}`);
    console.error(tailOfLog());
    await end(1);
  }
}

function tailOfLog() {
  const lines = readFileSync(stage.log, { encoding: 'utf8', flag: 'a+' }).split('\n');
  return lines.slice(-20).join('\n');
}
