import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import {
  type Dialect,
  type Json,
  type Saying,
  type Speech,
  SPEECH,
  type Tool,
} from './dialects.js';

/**
 * A model that runs one shell command and is content. `node model.js --answers '[["a prompt", "a command"], ...]'` in the
 * agents' network namespace: whoever asks with that prompt is told to run that command; `{port}` in it is the server's.
 * Prints a JSON object a line: first the port, then each request.
 */
const { values } = parseArgs({ options: { answers: { type: 'string', default: '[]' } } });
const answers = JSON.parse(values.answers) as readonly (readonly [string, string])[];
const PATHS: readonly (readonly [RegExp, Dialect])[] = [
  [/\/messages(\?|$)/, 'messages'],
  [/\/responses(\?|$)/, 'responses'],
  [/\/chat\/completions(\?|$)/, 'chat'],
  [/:(g|streamG)enerateContent(\?|$)/, 'gemini'],
];
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
/** Of what an agent may send in one request. */
const MOST_BYTES = 16 << 20;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) request.destroy();
    else chunks.push(chunk);
  });
  request.on('end', () => {
    answer(request, Buffer.concat(chunks).toString(), response);
  });
});
server.listen(0, '127.0.0.1', () => {
  say({ port: (server.address() as AddressInfo).port });
});

function answer(request: IncomingMessage, text: string, response: ServerResponse): void {
  const path = request.url ?? '';
  const method = request.method ?? '';
  const body = parse(text);
  // What the agent asks beside its model (its settings, a token count, the oracle of its tool) is of no matter.
  const dialect = PATHS.find(([pattern]) => pattern.test(path))?.[1];
  if (method !== 'POST' || dialect === undefined || body === null) {
    say({ method, path, said: null });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    return;
  }
  const speech = SPEECH[dialect];
  const saying = nextSaying(speech, body, commandFor(text));
  say({ method, path, said: saying.say === 'tool' ? saying.tool : 'text' });
  const isStream = body['stream'] === true || path.includes(':streamGenerateContent');
  if (!isStream) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(speech.whole(saying)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [name, data] of speech.events(saying)) {
    if (name !== null) response.write(`event: ${name}\n`);
    response.write(`data: ${data === '[DONE]' ? data : JSON.stringify(data)}\n\n`);
  }
  response.end();
}

/** An agent that starts another one asks with that one's prompt, too, so its own comes first. */
const commandFor = (text: string): string =>
  answers.find(([prompt]) => text.includes(prompt))?.[1] ?? 'true';

function nextSaying(speech: Speech, body: Json, command: string): Saying {
  const shell = speech.tools(body).find(isShell);
  if (shell === undefined || speech.hasResult(body)) return { say: 'text', text: 'Done.' };
  return { say: 'tool', tool: shell.name, input: inputFor(shell, command) };
}

const isShell = ({ name, parameters }: Tool): boolean =>
  /bash|shell|exec_command/i.test(name) &&
  parameters.some((key) => key === 'command' || key === 'cmd');

function inputFor({ name, parameters }: Tool, template: string): Json {
  const { port } = server.address() as AddressInfo;
  const command = template.replaceAll('{port}', String(port));
  const key = parameters.includes('cmd') ? 'cmd' : 'command';
  return {
    [key]: name === 'shell' ? ['bash', '-c', command] : command,
    ...(parameters.includes('description') ? { description: 'Looks what is there' } : {}),
    ...(parameters.includes('is_background') ? { is_background: false } : {}),
  };
}

function parse(text: string): Json | null {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
