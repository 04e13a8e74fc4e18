// SPDX-License-Identifier: Apache-2.0
import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** Where the figures were taken. */
export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
}

/** This machine. */
export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release().split('-')[0] ?? release(),
    node: process.versions.node,
  };
}
