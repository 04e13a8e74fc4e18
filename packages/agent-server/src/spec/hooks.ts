// SPDX-License-Identifier: Apache-2.0
import type { OciHooks, OciSpec } from '@hako/protocols';
import type { GuestHooks } from '../hooks/guest-hooks.ts';

/** A specification for the OCI runtime, and the hooks the agent runs itself. */
export interface SplitHooks {
  readonly spec: OciSpec;
  readonly agentHooks: GuestHooks;
}

/**
 * Splits the hooks of a specification. Those that run inside the container stay with the OCI runtime. The agent runs
 * prestart, poststart and poststop itself, because a failing one must not stop the container; createRuntime hooks are meant
 * for the host and do not run. A specification without hooks gets those of the guest image.
 */
export function splitHooks(spec: OciSpec, guestHooks: GuestHooks): SplitHooks {
  const { hooks, ...rest } = spec;
  if (hooks === undefined) return { spec: rest, agentHooks: guestHooks };
  const inside: OciHooks = {};
  if (hooks.createContainer !== undefined) inside.createContainer = hooks.createContainer;
  if (hooks.startContainer !== undefined) inside.startContainer = hooks.startContainer;
  return {
    spec: Object.keys(inside).length === 0 ? rest : { ...rest, hooks: inside },
    agentHooks: {
      prestart: hooks.prestart ?? [],
      poststart: hooks.poststart ?? [],
      poststop: hooks.poststop ?? [],
    },
  };
}
