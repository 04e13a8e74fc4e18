// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { constants, Script } from 'node:vm';

/** Where the agent lies in the guest. Stack traces show it, and V8's code cache holds it. */
export const agentPath = '/usr/lib/hako/agent.cjs';

/** Where V8's code cache of the agent lies in the guest. */
export const agentCachePath = '/usr/lib/hako/agent.cache';

/** Where the program lies that loads the two. */
export const bootPath = '/usr/lib/hako/boot.cjs';

/**
 * Compiles the agent as Node compiles a CommonJS module, from V8's cache where that fits this Node.
 *
 * @param source - The bundle; ASCII, as esbuild writes it.
 * @param cachedData - What `createCachedData` gave; refused silently when it is of another V8.
 */
export function compileAgent(source: string, cachedData?: Buffer): Script {
  return new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: agentPath,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData && { cachedData }),
  });
}

/** Runs the compiled agent in this process. */
export function runAgent(script: Script): void {
  const module = { exports: {} };
  const load: unknown = script.runInThisContext();
  if (typeof load !== 'function') throw new TypeError('agent is not a module');
  Reflect.apply(load, undefined, [
    module.exports,
    createRequire(agentPath),
    module,
    agentPath,
    dirname(agentPath),
  ]);
}
