// SPDX-License-Identifier: Apache-2.0
// ask.mjs PORT fetch|https PATH: one request, once this program itself is probed.
/* global fetch */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:https';

const [port, way, path] = process.argv.slice(2);
execFileSync(`${process.env.BIN}/await-probe`, [process.execPath]);

async function byHttps() {
  const asked = request({
    ...{ host: '127.0.0.1', port, path, servername: 'llm.test', rejectUnauthorized: false },
    ...{ headers: { host: 'llm.test' }, agent: false },
  });
  asked.end();
  const [response] = await once(asked, 'response');
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

const status =
  way === 'fetch' ? (await fetch(`https://localhost:${port}${path}`)).status : await byHttps();
process.exit(status === 200 ? 0 : 1);
