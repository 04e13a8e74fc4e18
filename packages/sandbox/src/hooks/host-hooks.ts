// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import type { OciHook, OciHooks, OciSpec } from '@hako/protocols';

import type { Logger } from '../logger.ts';
import type { HookState, HookStatus } from './hook-state.ts';
import { runHook, type RunHookOptions } from './run-hook.ts';
import { setUpHooks } from './set-up-hooks.ts';

/** Hooks that belong into the container's namespaces, where nothing of the host's can run. */
const insideHooks = ['createContainer', 'startContainer'] as const satisfies (keyof OciHooks)[];

/** Whose hooks to run. */
export interface HostHooksOptions {
  readonly containerId: string;
  readonly spec: Pick<OciSpec, 'ociVersion' | 'annotations'> & { readonly hooks: OciHooks };
  /** Directory of the bundle; hooks start in it. */
  readonly bundle: string;
  /** Process id of the hypervisor; `undefined` when it is not known. */
  readonly vmmPid: () => number | undefined;
  readonly logger: Logger;
  /** Default: runs them as processes. */
  readonly run?: typeof runHook;
}

/**
 * The hooks of a container's bundle that run on the host, in the order of the OCI: `prestart` and `createRuntime` before it is
 * created, `poststart` once it runs, `poststop` when it is gone. `createContainer` and `startContainer` hooks belong inside
 * the container and do not run, as with Kata.
 */
export class HostHooks {
  readonly #options: HostHooksOptions;
  #farewell: Promise<void> | undefined;

  /** @param options whose */
  constructor(options: HostHooksOptions) {
    this.#options = options;
    const { hooks } = options.spec;
    for (const point of insideHooks) {
      if ((hooks[point] ?? []).length > 0)
        options.logger.warn({ container: options.containerId }, `${point} hooks do not run`);
    }
  }

  /**
   * Runs what comes before the container. The first failure ends it. Errors: `hook_failed`, `timeout`, `aborted`.
   * @param signal ends it
   */
  async beforeCreation(signal: AbortSignal): Promise<void> {
    for (const hook of setUpHooks(this.#options.spec.hooks)) await this.#run(hook, 'creating', { signal });
  }

  /** Runs what comes when the container runs. Never rejects: failures are logged. */
  async afterStart(): Promise<void> {
    await this.#runAll('poststart', 'running');
  }

  /** Runs what comes when the container is gone, once. Never rejects: failures are logged. */
  afterEnd(): Promise<void> {
    this.#farewell ??= this.#runAll('poststop', 'stopped');
    return this.#farewell;
  }

  async #runAll(point: 'poststart' | 'poststop', status: HookStatus): Promise<void> {
    const { containerId, logger, spec } = this.#options;
    for (const hook of spec.hooks[point] ?? []) {
      try {
        await this.#run(hook, status, {});
      } catch (error) {
        logger.warn({ error, container: containerId }, `${point} hook failed`);
      }
    }
  }

  #run(hook: OciHook, status: HookStatus, limits: Pick<RunHookOptions, 'signal'>): Promise<void> {
    const { bundle, run = runHook } = this.#options;
    return run(hook, this.#state(status), { ...limits, cwd: bundle });
  }

  #state(status: HookStatus): HookState {
    const { spec, containerId, bundle, vmmPid } = this.#options;
    return {
      ociVersion: spec.ociVersion,
      id: containerId,
      status,
      ...(status === 'stopped' ? {} : { pid: vmmPid() ?? process.pid }),
      bundle,
      ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
    };
  }
}
