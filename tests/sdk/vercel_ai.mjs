// Vercel's AI SDK with its OpenAI provider, which speaks Responses.
import * as t from './cases.mjs';
const { equal } = t;
const { createOpenAI } = t.load('@ai-sdk/openai');
const { generateText, streamText, tool, stepCountIs, Output } = t.load('ai');
const { z } = t.load('zod');

const openai = createOpenAI({ baseURL: t.BASE, apiKey: t.KEY });
const settings = { maxRetries: 0, prompt: 'How is Paris?' };
const tools = {
  get_weather: tool({
    description: 'The weather',
    inputSchema: z.object({ city: z.string(), unit: z.string().optional() }),
    execute: async ({ city }) => `22 C in ${city}`,
  }),
};

await t.run({
  async plain(p) {
    const answer = await generateText({ ...settings, model: openai.responses(`${p}/fake`) });
    equal([answer.text, answer.finishReason, answer.usage.inputTokens], [t.TEXT, 'stop', t.INPUT]);
  },
  async streamed(p) {
    const answer = streamText({ ...settings, model: openai.responses(`${p}/fake-bytes`) });
    let text = '';
    for await (const piece of answer.textStream) text += piece;
    equal(text, t.TEXT);
  },
  async 'tools run to the end'(p) {
    const answer = await generateText({ ...settings, model: openai.responses(`${p}/fake-tool`), tools, stopWhen: stepCountIs(3) });
    equal(answer.text, 'Results: 22 C in Paris');
    const streamed = streamText({ ...settings, model: openai.responses(`${p}/fake-tool`), tools, stopWhen: stepCountIs(3) });
    equal(await streamed.text, 'Results: 22 C in Paris');
  },
  async thoughts(p) {
    const answer = await generateText({ ...settings, model: openai.responses(`${p}/fake-think`) });
    equal([answer.reasoningText, answer.text], [t.THOUGHT, t.TEXT]);
  },
  async 'structured output'(p) {
    const output = Output.object({ schema: z.object({ name: z.string(), age: z.number() }) });
    const answer = await generateText({ ...settings, model: openai.responses(`${p}/fake-json`), output });
    equal(answer.output, { name: 'Ada', age: 36 });
  },
});
