// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { corpusDirectory, parseHex, readCorpus } from './corpus.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { runSuite } from './run-suite.ts';
import type { SuiteOptions } from './run-suite.ts';
import { suites } from './suites.ts';
import { byteStream } from './ttrpc/byte-streams.ts';

/** Breaks for streams in which a byte repeats, as a careless parser might. */
const careless: FuzzTarget = {
  name: 'careless',
  claim: 'no byte follows its like',
  property: (corpus) =>
    fc.asyncProperty(byteStream(corpus), async ({ bytes }) => {
      await Promise.resolve();
      if (bytes.some((byte, at) => byte > 0 && byte === bytes[at + 1])) throw new Error('fell over a pair');
    }),
};

/** Leaves a rejection to nobody. */
const stray: FuzzTarget = {
  name: 'stray',
  claim: 'everything is caught',
  property: () =>
    fc.asyncProperty(fc.constant(0), async () => {
      void Promise.reject(new Error('left alone'));
      await new Promise((resolve) => setImmediate(resolve));
    }),
};

async function run(target: FuzzTarget, options: Partial<SuiteOptions> = {}) {
  const lines: string[] = [];
  const findings = await runSuite(
    { name: 'test', targets: [target] },
    { seconds: 1, seed: 7, corpus: [], print: (line) => lines.push(line), ...options },
  );
  return { findings, text: lines.join('\n') };
}

describe('two seconds of it', () => {
  test.each([...suites.values()])('$name holds', { timeout: 60_000 }, async (suite) => {
    const lines: string[] = [];
    const findings = await runSuite(suite, {
      seconds: 2,
      seed: 20_260_101,
      corpus: readCorpus(corpusDirectory(suite.name)),
      print: (line) => lines.push(line),
    });
    expect(findings, lines.join('\n')).toBe(0);
    expect(lines).toHaveLength(suite.targets.length);
  });
});

describe('a finding', () => {
  test('is made small, and its line of reproduction leads to it again', async () => {
    const { findings, text } = await run(careless);
    expect(findings).toBe(1);
    expect(text).toContain('fell over a pair');
    const [, seed, path] = /--target careless --seed (\d+) --path (\S+)/.exec(text) ?? [];
    const [, input] = /made smaller:\n(.*)/.exec(text) ?? [];
    const again = await run(careless, { seed: Number(seed), path: path ?? '' });
    expect(again.findings).toBe(1);
    expect(again.text).toContain(input);
  });

  test('may be a rejection that nobody caught', async () => {
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    try {
      await expect(run(stray)).rejects.toThrow('nobody caught');
    } finally {
      for (const listener of listeners) process.on('unhandledRejection', listener);
    }
  });
});

describe('the corpus', () => {
  test('is read from annotated hexadecimal', () => {
    const text = '# comment "x" 00\n00000002 01 # two\n"a b" ff';
    expect([...parseHex(text, 'x')]).toEqual([0, 0, 0, 2, 1, 0x61, 0x20, 0x62, 0xff]);
  });

  test('names the file that does not parse', () => {
    expect(() => parseHex('0x12', 'bad.hex')).toThrow(/bad\.hex.*0x12/);
  });

  test.each([...suites.keys()])('of %s is there', (suite) => {
    expect(readCorpus(corpusDirectory(suite)).length).toBeGreaterThan(5);
  });
});
