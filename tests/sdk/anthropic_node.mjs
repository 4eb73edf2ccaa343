// Anthropic's Node SDK.
import * as t from './cases.mjs';
const { equal, ok, raises } = t;
const Anthropic = t.load('@anthropic-ai/sdk').default ?? t.load('@anthropic-ai/sdk');

const client = new Anthropic({ baseURL: t.BASE, apiKey: t.KEY, maxRetries: 0, timeout: 20_000 });
const HELLO = [{ role: 'user', content: 'What is six times seven?' }];
const TOOLS = [
  { name: 'get_weather', input_schema: t.WEATHER_SCHEMA },
  { name: 'get_time', input_schema: t.TIME_SCHEMA },
];
const asked = (p, name, more) => ({ model: `${p}/${name}`, max_tokens: 1000, messages: HELLO, ...more });
const message = (p, name, more, options) => client.messages.create(asked(p, name, more), options);
const streamed = (p, name, more) => client.messages.stream(asked(p, name, more)).finalMessage();
const text = (answer) => answer.content.filter((block) => block.type === 'text').map((block) => block.text).join('');
const both = (p, name, more) => Promise.all([message(p, name, more), streamed(p, name, more)]);

await t.run({
  async 'plain and streamed'(p) {
    for (const answer of await both(p, 'fake')) {
      equal([text(answer), answer.stop_reason], [t.TEXT, 'end_turn']);
      equal([answer.usage.input_tokens, answer.usage.output_tokens], [t.INPUT, 5]);
    }
    equal(text(await streamed(p, 'fake-unicode-bytes')), t.UNICODE);
  },
  async 'tools and results'(p) {
    for (const answer of await both(p, 'fake-tools', { tools: TOOLS })) {
      const calls = answer.content.filter((block) => block.type === 'tool_use');
      equal(calls.map((call) => call.input), [t.WEATHER, t.TIME]);
      const results = calls.map((call) => ({ type: 'tool_result', tool_use_id: call.id, content: call.name }));
      const turns = [...HELLO, { role: 'assistant', content: answer.content }, { role: 'user', content: results }];
      equal(text(await message(p, 'fake-tools', { tools: TOOLS, messages: turns })), 'Results: get_weather | get_time');
    }
  },
  async images(p) {
    const source = { type: 'base64', media_type: 'image/png', data: t.PNG };
    await message(p, 'fake', { messages: [{ role: 'user', content: [{ type: 'image', source }] }] });
    const { body } = await t.last();
    if (p === 'ge') return equal(body.contents[0].parts[0].inlineData.data, t.PNG);
    const part = body.messages[0].content[0];
    if (p === 'oa') equal(part.image_url.url, `data:image/png;base64,${t.PNG}`);
    else equal(part.source, source);
  },
  async 'structured output'(p) {
    const output_config = { format: { type: 'json_schema', schema: t.PERSON_SCHEMA } };
    for (const answer of await both(p, 'fake', { output_config })) equal(JSON.parse(text(answer)), t.PERSON);
  },
  'thinking with its signature': {
    only: 'an',
    async test(p) {
      for (const answer of await both(p, 'fake-think')) {
        equal([answer.content[0].thinking, answer.content[0].signature], [t.THOUGHT, t.SIGNATURE]);
        const turns = [...HELLO, { role: 'assistant', content: answer.content }, { role: 'user', content: 'And?' }];
        await message(p, 'fake-think', { messages: turns });
        equal((await t.last()).body.messages[1].content[0].signature, t.SIGNATURE);
      }
    },
  },
  async 'limits, stop texts, refusal'(p) {
    for (const answer of await both(p, 'fake', { max_tokens: 2 })) equal(answer.stop_reason, 'max_tokens');
    for (const answer of await both(p, 'fake', { stop_sequences: ['42'] })) equal(text(answer), 'The answer is ');
    for (const answer of await both(p, 'fake-refuse')) {
      // Gemini has no word for a model that declines.
      equal([text(answer), answer.stop_reason], [t.REFUSAL, p === 'ge' ? 'end_turn' : 'refusal']);
    }
  },
  async 'cached tokens'(p) {
    for (const { usage } of await both(p, 'fake-cached')) equal([usage.input_tokens, usage.cache_read_input_tokens], [t.INPUT, t.CACHE_READ]);
  },
  async 'counting tokens'(p) {
    const counted = (await client.messages.countTokens({ model: `${p}/fake`, messages: HELLO })).input_tokens;
    if (p === 'an') equal(counted, t.COUNTED);
    else ok(counted > 3 && counted < 100, `${counted}`);
  },
  async models() {
    const names = [];
    for await (const one of client.models.list()) names.push(one.id);
    ok(names.includes('sandbox/echo'), `${names}`);
    equal((await client.models.retrieve('sandbox/echo')).type, 'model');
  },
  async 'one base URL, both kinds of key'() {
    for (const options of [{ apiKey: t.KEY }, { apiKey: null, authToken: t.KEY }]) {
      for (const baseURL of [t.BASE, t.ROOT, `${t.ROOT}/anthropic`]) {
        const own = new Anthropic({ baseURL, maxRetries: 0, ...options });
        equal(text(await own.messages.create(asked('an', 'fake'))), t.TEXT);
      }
    }
  },
  async 'errors of the gateway'() {
    const ask = (apiKey, p) => new Anthropic({ baseURL: t.BASE, apiKey, maxRetries: 0 }).messages.create(asked(p, 'fake'));
    await raises(Anthropic.AuthenticationError, ask('sk-osai-no', 'oa'), 401);
    await raises(Anthropic.PermissionDeniedError, ask(t.NARROW_KEY, 'an'), 403);
    await raises(Anthropic.NotFoundError, ask(t.KEY, 'nobody'), 404);
    await raises(Anthropic.BadRequestError, message('oa', 'fake', { messages: 'no list' }), 400);
  },
  async 'errors of the provider'(p) {
    const kinds = { 400: Anthropic.BadRequestError, 404: Anthropic.NotFoundError, 413: Anthropic.APIError, 429: Anthropic.RateLimitError, 500: Anthropic.InternalServerError, 529: Anthropic.InternalServerError };
    for (const [status, kind] of Object.entries(kinds)) await raises(kind, message(p, `fake-e${status}`), Number(status));
    const slow = await raises(Anthropic.RateLimitError, message(p, 'fake-e429'), 429);
    equal(slow.headers.get('retry-after'), '7');
    await raises(Anthropic.InternalServerError, message(p, 'fake-html'), 502);
  },
  async 'streams that fail say so'(p) {
    for (const words of ['errevent', 'rst', 'cut']) await raises(Anthropic.APIError, streamed(p, `fake-s8-${words}`));
  },
  async 'time is up'(p) {
    await raises(Anthropic.APIConnectionTimeoutError, message(p, 'fake-hang', {}, { timeout: 300 }));
  },
});
