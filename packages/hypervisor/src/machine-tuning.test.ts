// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { validateTuning, type MachineTuning } from './machine-tuning.ts';

const good: readonly MachineTuning[] = [
  {},
  { machineOptions: ['hpet=off', 'dump-guest-core=off'], cpuFeatures: ['pmu=off', '+avx2', '-smap'] },
  { entropySource: '/dev/hwrng', memoryDirectory: '/dev/shm', preallocateMemory: true },
  { hugePages: true, iommu: true, diskThread: true },
];

test.each(good)('%j is taken', (tuning) => {
  expect(() => validateTuning(tuning, 512)).not.toThrow();
});

test.each<{ tuning: MachineTuning; operand: string; memoryMib?: number }>([
  { tuning: { machineOptions: ['hpet=off,accel=kvm'] }, operand: 'machineOptions' },
  { tuning: { machineOptions: ['a b'] }, operand: 'machineOptions' },
  { tuning: { machineOptions: [''] }, operand: 'machineOptions' },
  { tuning: { cpuFeatures: ['pmu=off,host'] }, operand: 'cpuFeatures' },
  { tuning: { entropySource: 'urandom' }, operand: 'entropySource' },
  { tuning: { memoryDirectory: 'shm' }, operand: 'memoryDirectory' },
  { tuning: { memoryDirectory: '/dev/shm', hugePages: true }, operand: 'memoryDirectory' },
  { tuning: { hugePages: true }, memoryMib: 513, operand: 'memoryMib' },
])('$tuning is refused for its $operand', ({ tuning, operand, memoryMib = 512 }) => {
  expect(() => validateTuning(tuning, memoryMib)).toThrow(
    expect.objectContaining({ code: 'invalid_config', operand }),
  );
});
