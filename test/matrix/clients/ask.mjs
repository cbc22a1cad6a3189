// SPDX-License-Identifier: Apache-2.0
// ask.mjs fetch|http2 HOST PATH: asks https://HOST/PATH and prints the answer. For Node, Bun and Deno.
/* global fetch */
import process from 'node:process';

const [way, host, path] = process.argv.slice(2);
const body = `body of ${path}`;

async function byHttp2() {
  const { connect } = await import('node:http2');
  const session = connect(`https://${host}`);
  const stream = session.request({ ':method': 'POST', ':path': path });
  stream.end(body);
  let answer = '';
  for await (const chunk of stream) answer += chunk;
  session.close();
  return answer;
}

const answer =
  way === 'http2'
    ? await byHttp2()
    : await (await fetch(`https://${host}${path}`, { method: 'POST', body })).text();
console.log(answer);
