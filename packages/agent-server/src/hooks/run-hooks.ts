// SPDX-License-Identifier: Apache-2.0
import type { OciHook } from '@hako/protocols';
import { isAbsolute } from 'node:path';
import type { Logger } from '../logging/logger.ts';
import type { ProgramRunner } from '../system/program-runner.ts';

/** Limit of a hook that names none. */
const defaultLimitMs = 10_000;

/** What a hook reads on its standard input. Source: OCI runtime specification, "State". */
export interface HookState {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: string;
  readonly pid: number;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The stages at which the agent runs hooks itself; the others run inside the container, by the OCI runtime. */
export type HookStage = 'prestart' | 'poststart' | 'poststop';

/** Runs hooks one after another. A hook that fails is logged; the container goes on. */
export type HookRunner = (stage: HookStage, hooks: readonly OciHook[], state: HookState) => Promise<void>;

function environmentOf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.flatMap((word) => {
      const equals = word.indexOf('=');
      return equals > 0 ? [[word.slice(0, equals), word.slice(equals + 1)]] : [];
    }),
  );
}

/** A {@link HookRunner} that uses real programs. */
export function createHookRunner(components: {
  readonly runProgram: ProgramRunner;
  readonly logger: Logger;
}): HookRunner {
  const { runProgram, logger } = components;
  async function runOne(hook: OciHook, state: HookState): Promise<string | undefined> {
    if (!isAbsolute(hook.path)) return 'its path is not absolute';
    const [argv0 = hook.path, ...args] = hook.args ?? [];
    const timeoutMs = hook.timeout === undefined ? defaultLimitMs : Number(hook.timeout) * 1000;
    const result = await runProgram({
      file: hook.path,
      argv0,
      args,
      env: environmentOf(hook.env ?? []),
      input: JSON.stringify(state),
      timeoutMs,
    });
    if (result.timedOut) return `it took longer than ${timeoutMs} ms`;
    if (result.exitCode === 0) return undefined;
    return `it ended with ${result.signal ?? String(result.exitCode)}: ${result.stderr.trim()}`;
  }
  return async (stage, hooks, state) => {
    for (const hook of hooks) {
      let problem: unknown;
      try {
        problem = await runOne(hook, state);
      } catch (error) {
        problem = error;
      }
      if (problem !== undefined) {
        logger.warn({ stage, hook: hook.path, 'container-id': state.id, error: problem }, 'hook failed');
      }
    }
  };
}
