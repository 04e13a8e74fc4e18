// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { Sampler, type Sample } from '../stats/sample.ts';
import { statsJson, statsTable } from '../stats/stats-text.ts';

const intervalMs = 1_000;
const jsonIndent = 2;

/** Moves the cursor of a terminal home and clears what is below, see console_codes(4). */
const clearScreen = '\u001B[H\u001B[J';

/** What `hako stats` shall do. */
export interface StatsRequest {
  /** None: all that run. */
  readonly sandboxes: readonly string[];
  readonly json: boolean;
  /** Go on, once a second, until the named ones have ended or a signal comes. */
  readonly follow: boolean;
}

/**
 * `hako stats`: what the workloads of sandboxes use.
 * @param request which, and how
 * @param components the program's world
 */
export async function stats(request: StatsRequest, components: CliComponents): Promise<number> {
  const { sandboxes, json, follow } = request;
  const { stdout } = components;
  using interrupts = watchInterrupts(components.onSignal);
  const { signal } = interrupts;
  await using sampler = new Sampler(sandboxes, components);
  let before: ReadonlyMap<string, Sample> = new Map();
  try {
    for (;;) {
      const samples = await sampler.take(signal);
      if (follow && sandboxes.length > 0 && samples.length === 0) return 0;
      const text = json ? `${statsJson(samples, follow ? 0 : jsonIndent)}\n` : statsTable(samples, before);
      const isScreen = follow && !json && stdout.isTTY === true;
      if (!stdout.write(isScreen ? `${clearScreen}${text}` : text)) await once(stdout, 'drain', { signal });
      if (!follow) return 0;
      before = new Map(samples.map((sample) => [sample.name, sample]));
      await delay(intervalMs, undefined, { signal });
    }
  } catch (error) {
    if (interrupts.exitCode !== undefined) return interrupts.exitCode;
    throw error;
  }
}
