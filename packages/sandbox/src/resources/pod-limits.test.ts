// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';
import { expect, test } from 'vitest';

import type { ContainerLimits } from '../container/container-limits.ts';
import { podLimits } from './pod-limits.ts';

const own = { resources: { memory: { limit: 1000 }, cpu: { quota: 5, period: 10, shares: 2 } } };
const pod = (name: string): string => `io.kubernetes.cri.sandbox-${name}`;

test.for<{ title: string; spec: Omit<OciSpec, 'ociVersion'>; limits: ContainerLimits | undefined }>([
  { title: 'nothing', spec: {}, limits: undefined },
  {
    title: 'its own limits',
    spec: { linux: own },
    limits: { memoryBytes: 1000, cpuQuotaUs: 5, cpuPeriodUs: 10, cpuShares: 2 },
  },
  {
    title: 'its own, as far as they say something',
    spec: { linux: { resources: { cpu: { quota: -1, shares: 5 } } } },
    limits: { cpuShares: 5 },
  },
  {
    title: 'its pod, which comes before its own',
    spec: {
      linux: own,
      annotations: { [pod('memory')]: '2000', [pod('cpu-quota')]: '0', [pod('cpu-shares')]: 'many' },
    },
    limits: { memoryBytes: 2000 },
  },
])('an image tells of $title', ({ spec, limits }) => {
  expect(podLimits({ spec: { ociVersion: '1.1.0', ...spec } })).toEqual(
    limits === undefined ? {} : { podLimits: limits },
  );
});

test('an image without a specification tells nothing', () => {
  expect(podLimits({})).toEqual({});
});
