// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { annotatedResources } from './swap-annotations.ts';

const swappiness = 'io.katacontainers.container.resource.swappiness';
const swap = 'io.katacontainers.container.resource.swap_in_bytes';
const spec = {
  ociVersion: '1.1.0',
  linux: { resources: { memory: { limit: 5000, swappiness: 1 }, pids: { limit: 9 } } },
};

test('annotations come over the limits of a specification, and nothing else does', () => {
  expect(annotatedResources({ ...spec, annotations: { [swappiness]: '200', [swap]: '6000' } })).toEqual({
    memory: { limit: 5000, swap: 6000, swappiness: 200 },
    pids: { limit: 9 },
  });
  expect(
    annotatedResources({ ociVersion: '1.1.0', annotations: { [swappiness]: '0', [swap]: '-1' } }),
  ).toEqual({
    memory: { swap: -1, swappiness: 0 },
  });
});

test('a specification without them keeps its limits', () => {
  expect(annotatedResources({ ...spec, annotations: { other: '1' } })).toBe(spec.linux.resources);
  expect(annotatedResources({ ociVersion: '1.1.0' })).toBeUndefined();
});

test.for([
  { name: swappiness, text: '201' },
  { name: swappiness, text: '-1' },
  { name: swappiness, text: 'much' },
  { name: swappiness, text: '' },
  { name: swap, text: '-2' },
  { name: swap, text: '64m' },
  { name: swap, text: '99999999999999999999' },
  { name: swap, text: '4999' },
])('an annotation $name of "$text" is refused', ({ name, text }) => {
  expect(() => annotatedResources({ ...spec, annotations: { [name]: text } })).toThrow(
    expect.objectContaining({
      code: 'invalid_options',
      message: `annotation ${name} says ${JSON.stringify(text)}`,
      remedy: expect.any(String) as unknown,
    }),
  );
});
