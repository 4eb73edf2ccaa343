// A small runner for the Node suites; cases.py says what the environment holds and what the fake
// provider answers.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

// The SDKs are installed outside of this folder.
export const load = createRequire(process.env.OPTSCALE_AI_TEST_SDKS + '/');
const { OSAI_BASE_URL, OSAI_ROOT, OSAI_KEY, OSAI_NARROW_KEY, OSAI_DEAD_KEY, OSAI_FAKE, OSAI_PROVIDERS } = process.env;
export const BASE = OSAI_BASE_URL, ROOT = OSAI_ROOT, KEY = OSAI_KEY, NARROW_KEY = OSAI_NARROW_KEY, DEAD_KEY = OSAI_DEAD_KEY;
const PROVIDERS = OSAI_PROVIDERS.split(' ');

export const TEXT = 'The answer is 42.', LOOKING = 'Let me look.', THOUGHT = 'Six times seven.';
export const SIGNATURE = 'c2lnbmF0dXJlLW9mLXRoZS1mYWtl', REFUSAL = 'I cannot help with that.';
export const UNICODE = 'Grüße, 世界 🌍!';
export const WEATHER = { city: 'Paris', unit: 'celsius' }, TIME = { zone: 'Europe/Paris' }, PERSON = { name: 'Ada', age: 36 };
export const INPUT = 11, CACHE_READ = 8, CACHE_WRITE = 4, COUNTED = 17;
export const WEATHER_SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
  required: ['city'],
};
export const TIME_SCHEMA = { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] };
export const PERSON_SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['name', 'age'],
  additionalProperties: false,
};
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export const equal = assert.deepEqual;
export const ok = assert.ok;
export const fake = async (path) => (await fetch(`${OSAI_FAKE}/fake/${path}`)).json();
/** The last request that reached the provider. */
export const last = () => fake('last');

/** The promise fails with that class, or one below it, and with that status. */
export async function raises(kind, promise, status) {
  const error = await promise.then(
    (value) => assert.fail(`no ${kind.name} but ${JSON.stringify(value)}`),
    (error) => error,
  );
  if (!(error instanceof kind)) throw new Error(`${error?.constructor?.name} instead of ${kind.name}: ${error}`);
  if (status !== undefined) equal(error.status, status, `${error}`);
  return error;
}

/** Runs every case: for every provider if it takes one; `{ only: 'oa' }` for one of them. */
export async function run(cases) {
  const wanted = process.argv[2] ?? '';
  let passed = 0, failed = 0;
  for (const [name, value] of Object.entries(cases)) {
    const { only, test } = typeof value === 'function' ? { test: value } : value;
    const providers = test.length === 0 ? [undefined] : PROVIDERS.filter((p) => !only || p === only);
    for (const provider of providers) {
      const title = provider ? `${name} [${provider}]` : name;
      if (!title.includes(wanted)) continue;
      try {
        await test(provider);
        passed += 1;
        console.log(`ok   ${title}`);
      } catch (error) {
        failed += 1;
        console.log(`FAIL ${title}\n${error?.stack ?? error}`);
      }
    }
  }
  console.log(`${passed} cases passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}
