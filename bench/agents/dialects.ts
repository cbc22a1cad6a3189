/** Which API an agent speaks to its model. */
export type Dialect = 'messages' | 'responses' | 'gemini' | 'chat';

/** What the model says: run this with that tool, or the end. */
export type Saying =
  | {
      readonly say: 'tool';
      readonly tool: string;
      readonly input: Readonly<Record<string, unknown>>;
    }
  | { readonly say: 'text'; readonly text: string };

/** A tool as a request offers it: its name and the names of its parameters. */
export interface Tool {
  readonly name: string;
  readonly parameters: readonly string[];
}

/** One API: what a request asks, and how it is answered. */
export interface Speech {
  tools(body: Json): readonly Tool[];
  /** The request brings what a tool gave back. */
  hasResult(body: Json): boolean;
  /** The events of the answer as they are streamed: the name of each, if the API names them, and its data. */
  events(saying: Saying): readonly (readonly [name: string | null, data: Json | '[DONE]'])[];
  /** The same answer in one piece. */
  whole(saying: Saying): Json;
}

export type Json = Readonly<Record<string, unknown>>;

const CALL = 'call_1';
const MODEL = 'local-model';

const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const named = (name: unknown, schema: unknown): Tool => ({
  name: String(name),
  parameters: Object.keys(
    ((schema as Json | undefined)?.['properties'] as object | undefined) ?? {},
  ),
});
const has = (part: Json, key: string, value: string): boolean => part[key] === value;

/** Anthropic's Messages. */
const messages: Speech = {
  tools: (body) => list(body['tools']).map((tool) => named(tool['name'], tool['input_schema'])),
  hasResult: (body) =>
    list(body['messages']).some(({ content }) =>
      list(content).some((part) => has(part, 'type', 'tool_result')),
    ),
  events: (saying) => {
    const block =
      saying.say === 'tool'
        ? { type: 'tool_use', id: 'toolu_1', name: saying.tool, input: {} }
        : { type: 'text', text: '' };
    const delta =
      saying.say === 'tool'
        ? { type: 'input_json_delta', partial_json: JSON.stringify(saying.input) }
        : { type: 'text_delta', text: saying.text };
    const stop = { stop_reason: saying.say === 'tool' ? 'tool_use' : 'end_turn' };
    const empty = { ...messageHead, content: [], stop_reason: null };
    const events: Json[] = [
      { type: 'message_start', message: empty },
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: stop, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ];
    return events.map((data) => [String(data['type']), data]);
  },
  whole: (saying) => ({
    ...messageHead,
    content:
      saying.say === 'tool'
        ? [{ type: 'tool_use', id: 'toolu_1', name: saying.tool, input: saying.input }]
        : [{ type: 'text', text: saying.text }],
    stop_reason: saying.say === 'tool' ? 'tool_use' : 'end_turn',
  }),
};
const messageHead = {
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model: MODEL, stop_sequence: null },
  usage: { input_tokens: 1, output_tokens: 1 },
};

/** OpenAI's Responses. */
const responses: Speech = {
  tools: (body) => list(body['tools']).map((tool) => named(tool['name'], tool['parameters'])),
  hasResult: (body) =>
    list(body['input']).some((item) => has(item, 'type', 'function_call_output')),
  events: (saying) => {
    const response = responses.whole(saying);
    const events: Json[] = [
      { type: 'response.created', response: { id: 'resp_1' } },
      { type: 'response.output_item.done', output_index: 0, item: list(response['output'])[0] },
      { type: 'response.completed', response },
    ];
    return events.map((data) => [String(data['type']), data]);
  },
  whole: (saying) => ({
    ...{ id: 'resp_1', object: 'response', status: 'completed', model: MODEL },
    output: [
      saying.say === 'tool'
        ? {
            ...{ type: 'function_call', id: 'fc_1', call_id: CALL, name: saying.tool },
            arguments: JSON.stringify(saying.input),
          }
        : {
            ...{ type: 'message', id: 'msg_1', role: 'assistant' },
            content: [{ type: 'output_text', text: saying.text, annotations: [] }],
          },
    ],
    usage: {
      ...{ input_tokens: 1, input_tokens_details: null, output_tokens: 1 },
      ...{ output_tokens_details: null, total_tokens: 2 },
    },
  }),
};

/** Gemini's generateContent. */
const gemini: Speech = {
  tools: (body) =>
    list(body['tools']).flatMap((tool) =>
      list(tool['functionDeclarations']).map((one) =>
        named(one['name'], one['parametersJsonSchema'] ?? one['parameters']),
      ),
    ),
  hasResult: (body) =>
    list(body['contents']).some(({ parts }) => list(parts).some((p) => 'functionResponse' in p)),
  events: (saying) => [[null, gemini.whole(saying)]],
  whole: (saying) => ({
    candidates: [
      {
        content: {
          role: 'model',
          parts: [
            saying.say === 'tool'
              ? { functionCall: { id: CALL, name: saying.tool, args: saying.input } }
              : { text: saying.text },
          ],
        },
        finishReason: 'STOP',
        index: 0,
      },
    ],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
    modelVersion: MODEL,
  }),
};

/** OpenAI's chat completions. */
const chat: Speech = {
  tools: (body) =>
    list(body['tools']).map((tool) => {
      const one = (tool['function'] ?? {}) as Json;
      return named(one['name'], one['parameters']);
    }),
  hasResult: (body) => list(body['messages']).some((message) => has(message, 'role', 'tool')),
  events: (saying) => {
    const chunk = (choice: Json): Json => ({
      ...{ ...chatHead, object: 'chat.completion.chunk' },
      choices: [{ index: 0, finish_reason: null, ...choice }],
    });
    const finish = saying.say === 'tool' ? 'tool_calls' : 'stop';
    return [
      [null, chunk({ delta: { ...chatMessage(saying, { index: 0 }) } })],
      [null, { ...chunk({ delta: {}, finish_reason: finish }), usage: chatHead.usage }],
      [null, '[DONE]'],
    ];
  },
  whole: (saying) => ({
    ...chatHead,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: chatMessage(saying, {}),
        finish_reason: saying.say === 'tool' ? 'tool_calls' : 'stop',
      },
    ],
  }),
};
const chatHead = {
  ...{ id: 'chatcmpl-1', created: 1, model: MODEL },
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};
const chatMessage = (saying: Saying, more: Json): Json => {
  if (saying.say === 'text') return { role: 'assistant', content: saying.text };
  const call = { name: saying.tool, arguments: JSON.stringify(saying.input) };
  const one = { ...more, id: CALL, type: 'function', function: call };
  return { role: 'assistant', content: null, tool_calls: [one] };
};

export const SPEECH: Readonly<Record<Dialect, Speech>> = { messages, responses, gemini, chat };
