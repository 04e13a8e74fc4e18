// SPDX-License-Identifier: Apache-2.0
import type { FuzzTarget } from './fuzz-target.ts';
import { runTarget } from './run-target.ts';
import { watchStrayErrors } from './stray-errors.ts';

/** A number of targets that share a corpus. */
export interface Suite {
  readonly name: string;
  readonly targets: readonly FuzzTarget[];
}

/** What to run. */
export interface SuiteOptions {
  /** Shared equally by the targets. */
  readonly seconds: number;
  readonly seed: number;
  /** One target only. */
  readonly target?: string;
  /** One input only, of that target. */
  readonly path?: string;
  readonly corpus: readonly Uint8Array[];
  readonly print: (line: string) => void;
}

/** Runs the targets of a suite one after the other; returns how many of them have been broken. */
export async function runSuite(suite: Suite, options: SuiteOptions): Promise<number> {
  const { seed, seconds, print, corpus } = options;
  const targets = suite.targets.filter(({ name }) => options.target === undefined || name === options.target);
  using stray = watchStrayErrors();
  let findings = 0;
  for (const target of targets) {
    const { runs, finding } = await runTarget(target, corpus, {
      milliseconds: (seconds * 1000) / targets.length,
      seed,
      ...(options.path === undefined ? {} : { path: options.path }),
    });
    await stray.check();
    print(
      `${target.name.padEnd(16)} ${String(runs).padStart(9)} inputs  ${finding ? 'BROKEN' : 'held'}: ${target.claim}`,
    );
    if (finding === undefined) continue;
    findings++;
    print(`\n${finding.error}\n\ninput, ${finding.shrinks} times made smaller:\n${finding.input}\n`);
    print(
      `reproduce: npm run fuzz -- ${suite.name} --target ${target.name} --seed ${seed} --path ${finding.path}\n`,
    );
  }
  return findings;
}
