// Responses by OpenAI's Node SDK.
import * as t from './cases.mjs';
const { equal, ok, raises } = t;
const OpenAI = t.load('openai').default ?? t.load('openai');
const { zodTextFormat } = t.load('openai/helpers/zod');
const { z } = t.load('zod');

const client = new OpenAI({ baseURL: t.BASE, apiKey: t.KEY, maxRetries: 0, timeout: 20_000 });
const TOOLS = [
  { type: 'function', name: 'get_weather', parameters: t.WEATHER_SCHEMA, strict: false },
  { type: 'function', name: 'get_time', parameters: t.TIME_SCHEMA, strict: false },
];
const create = (p, name, more = {}) =>
  client.responses.create({ model: `${p}/${name}`, input: 'What is six times seven?', ...more });

await t.run({
  async plain(p) {
    const answer = await create(p, 'fake');
    equal([answer.output_text, answer.status, answer.usage.input_tokens], [t.TEXT, 'completed', t.INPUT]);
  },
  async 'tools by the stream helper'(p) {
    const runner = client.responses.stream({ model: `${p}/fake-tools`, input: 'How is Paris?', tools: TOOLS });
    const answer = await runner.finalResponse();
    const calls = answer.output.filter((item) => item.type === 'function_call');
    equal(calls.map((call) => JSON.parse(call.arguments)), [t.WEATHER, t.TIME]);
    const results = calls.map((call) => ({ type: 'function_call_output', call_id: call.call_id, output: call.name }));
    const items = answer.output.map(({ parsed_arguments, ...item }) => item);
    const next = await create(p, 'fake-tools', { tools: TOOLS, input: [{ role: 'user', content: 'x' }, ...items, ...results] });
    equal(next.output_text, 'Results: get_weather | get_time');
  },
  async 'structured output'(p) {
    const format = zodTextFormat(z.object({ name: z.string(), age: z.number() }), 'person');
    const answer = await client.responses.parse({ model: `${p}/fake-json`, input: 'Who?', text: { format } });
    equal(answer.output_parsed, { name: 'Ada', age: 36 });
  },
  async 'answers are gone on from'(p) {
    const first = await create(p, 'fake');
    const second = await create(p, 'fake', { previous_response_id: first.id });
    equal(second.output_text, t.TEXT);
    ok((await client.responses.retrieve(first.id)).id === first.id);
  },
});
