// OpenAI's Node SDK.
import * as t from './cases.mjs';
const { equal, ok, raises } = t;
const OpenAI = t.load('openai').default ?? t.load('openai');
const { zodResponseFormat } = t.load('openai/helpers/zod');
const { z } = t.load('zod');

const client = new OpenAI({ baseURL: t.BASE, apiKey: t.KEY, maxRetries: 0, timeout: 20_000 });
const HELLO = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'What is six times seven?' }];
const TOOLS = [
  { type: 'function', function: { name: 'get_weather', parameters: t.WEATHER_SCHEMA } },
  { type: 'function', function: { name: 'get_time', parameters: t.TIME_SCHEMA } },
];
const chat = (p, name, more = {}, options) =>
  client.chat.completions.create({ model: `${p}/${name}`, messages: HELLO, ...more }, options);

async function stream(p, name, more = {}) {
  const chunks = [];
  for await (const chunk of await chat(p, name, { stream: true, ...more })) chunks.push(chunk);
  return chunks;
}
const said = (chunks, field = 'content') =>
  chunks.flatMap((chunk) => chunk.choices).map((choice) => choice.delta[field] ?? '').join('');

await t.run({
  async plain(p) {
    const answer = await chat(p, 'fake');
    equal(answer.choices[0].message.content, t.TEXT);
    equal(answer.choices[0].finish_reason, 'stop');
    equal([answer.usage.prompt_tokens, answer.usage.completion_tokens], [t.INPUT, 5]);
  },
  async streamed(p) {
    const chunks = await stream(p, 'fake');
    equal(said(chunks), t.TEXT);
    ok(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage));
    equal(said(await stream(p, 'fake-unicode-bytes')), t.UNICODE);
  },
  async 'streamed usage'(p) {
    const chunks = await stream(p, 'fake', { stream_options: { include_usage: true } });
    equal(chunks.at(-1).usage.total_tokens, t.INPUT + 5);
  },
  async 'tools and results'(p) {
    const first = (await chat(p, 'fake-tools', { tools: TOOLS })).choices[0];
    equal(first.finish_reason, 'tool_calls');
    equal(first.message.tool_calls.map((call) => JSON.parse(call.function.arguments)), [t.WEATHER, t.TIME]);
    const results = first.message.tool_calls.map((call) => ({ role: 'tool', tool_call_id: call.id, content: call.function.name }));
    const next = await chat(p, 'fake-tools', { tools: TOOLS, messages: [...HELLO, first.message, ...results] });
    equal(next.choices[0].message.content, 'Results: get_weather | get_time');
  },
  async 'streamed tools'(p) {
    const runner = client.chat.completions.stream({ model: `${p}/fake-tools`, messages: HELLO, tools: TOOLS });
    const message = await runner.finalMessage();
    equal(message.tool_calls.map((call) => JSON.parse(call.function.arguments)), [t.WEATHER, t.TIME]);
    equal(message.content, t.LOOKING);
  },
  async images(p) {
    const url = `data:image/png;base64,${t.PNG}`;
    await chat(p, 'fake', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] });
    const { body } = await t.last();
    if (p === 'ge') return equal(body.contents[0].parts[0].inlineData.data, t.PNG);
    const part = body.messages[0].content[0];
    equal(p === 'an' ? part.source.data : part.image_url.url, p === 'an' ? t.PNG : url);
  },
  async 'structured output'(p) {
    const shape = zodResponseFormat(z.object({ name: z.string(), age: z.number() }), 'person');
    const answer = await client.chat.completions.parse({ model: `${p}/fake`, messages: HELLO, response_format: shape });
    equal(answer.choices[0].message.parsed, t.PERSON);
  },
  async reasoning(p) {
    equal((await chat(p, 'fake-think')).choices[0].message.reasoning_content, t.THOUGHT);
    equal(said(await stream(p, 'fake-think'), 'reasoning_content'), t.THOUGHT);
  },
  async 'limits and stop texts'(p) {
    equal((await chat(p, 'fake', { max_tokens: 2 })).choices[0].finish_reason, 'length');
    equal((await chat(p, 'fake', { stop: ['42'] })).choices[0].message.content, 'The answer is ');
  },
  async 'cached tokens'(p) {
    const usage = (await chat(p, 'fake-cached')).usage;
    equal(usage.prompt_tokens_details.cached_tokens, t.CACHE_READ);
  },
  'several answers': { only: 'oa', test: async (p) => equal((await chat(p, 'fake', { n: 2 })).choices.length, 2) },
  logprobs: {
    only: 'oa',
    test: async (p) => equal((await chat(p, 'fake', { logprobs: true })).choices[0].logprobs.content[0].token, 'The'),
  },
  embeddings: {
    only: 'oa',
    async test(p) {
      const answer = await client.embeddings.create({ model: `${p}/fake`, input: ['one', 'two'] });
      equal(answer.data.map((row) => [...row.embedding]), [[0.5, -0.25, 0, 1], [0.5, -0.25, 1, 1]]);
    },
  },
  completions: {
    only: 'oa',
    async test(p) {
      const answer = await client.completions.create({ model: `${p}/fake`, prompt: 'Six times seven is' });
      equal(answer.choices[0].text, t.TEXT);
    },
  },
  async models() {
    const names = [];
    for await (const one of client.models.list()) names.push(one.id);
    ok(names.includes('sandbox/echo'), `${names}`);
    equal((await client.models.retrieve('sandbox/echo')).id, 'sandbox/echo');
  },
  async 'errors of the gateway'() {
    const ask = (apiKey, model) =>
      new OpenAI({ baseURL: t.BASE, apiKey, maxRetries: 0 }).chat.completions.create({ model, messages: HELLO });
    await raises(OpenAI.AuthenticationError, ask('sk-osai-no', 'oa/fake'), 401);
    await raises(OpenAI.AuthenticationError, ask(t.DEAD_KEY, 'oa/fake'), 401);
    const denied = await raises(OpenAI.PermissionDeniedError, ask(t.NARROW_KEY, 'an/fake'), 403);
    equal(denied.code, 'model_not_allowed');
    await raises(OpenAI.NotFoundError, ask(t.KEY, 'nobody/fake'), 404);
    await raises(OpenAI.BadRequestError, client.chat.completions.create({ model: 'an/fake', messages: 'no list' }), 400);
  },
  async 'errors of the provider'(p) {
    const kinds = { 400: OpenAI.BadRequestError, 404: OpenAI.NotFoundError, 413: OpenAI.APIError, 429: OpenAI.RateLimitError, 500: OpenAI.InternalServerError, 529: OpenAI.InternalServerError };
    for (const [status, kind] of Object.entries(kinds)) await raises(kind, chat(p, `fake-e${status}`), Number(status));
    const slow = await raises(OpenAI.RateLimitError, chat(p, 'fake-e429'), 429);
    equal(slow.headers.get('retry-after'), '7');
    await raises(OpenAI.InternalServerError, chat(p, 'fake-html'), 502);
  },
  async 'streams that fail say so'(p) {
    for (const words of ['errevent', 'rst', 'cut']) await raises(OpenAI.APIError, stream(p, `fake-s8-${words}`));
  },
  async 'time is up'(p) {
    await raises(OpenAI.APIConnectionTimeoutError, chat(p, 'fake-hang', {}, { timeout: 300 }));
  },
  async 'hanging up reaches the provider'(p) {
    const before = (await t.fake('cancelled/0')).cancelled;
    for await (const _ of await chat(p, 'fake-s1000-d20', { stream: true })) break;
    ok((await t.fake(`cancelled/${before + 1}`)).cancelled > before);
  },
});
