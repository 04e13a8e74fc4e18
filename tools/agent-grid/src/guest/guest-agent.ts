// SPDX-License-Identifier: Apache-2.0
import { createAgentPaths } from '@hako/agent-server';
import type { TestedAgent, TestedAgentHarness, TestedAgentOptions } from '@hako/agent-server/testing';
import { guestMachine } from './guest-machine.ts';
import { guestRootfs, type GuestTemplate, provideRootfs } from './guest-template.ts';
import { type RunningGuest, startGuest } from './running-guest.ts';

/** A machine of its own for one test: a copy of the template, or a booted one where the kernel is told other words. */
async function takeGuest(
  template: GuestTemplate,
  name: string,
  kernelWords: readonly string[],
): Promise<RunningGuest> {
  const { files, consolesDir, snapshotDir } = template;
  if (kernelWords.length === 0)
    return await startGuest({ files, consolesDir, name, restoreFrom: snapshotDir });
  const guest = await startGuest({ files, consolesDir, name, kernelWords });
  try {
    await provideRootfs(guest);
    return guest;
  } catch (error) {
    await guest[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * The entry of `testedAgents` that lives in a guest; each start is a machine of its own.
 *
 * @param nameOf - names the console of the next machine
 */
export function guestAgent(template: GuestTemplate, nameOf: () => string): TestedAgent {
  async function start({ kernelWords = [] }: TestedAgentOptions = {}): Promise<TestedAgentHarness> {
    const guest = await takeGuest(template, nameOf(), kernelWords);
    const connection = guest.connect();
    return {
      ...connection,
      kind: 'guest',
      paths: createAgentPaths(),
      rootfs: guestRootfs,
      machine: guestMachine(guest),
      ended: guest.vm.exited.then(() => undefined),
      shell: (script) => guest.shell(script),
      connect: () => Promise.resolve(guest.connect()),
      async [Symbol.asyncDispose]() {
        await connection[Symbol.asyncDispose]();
        await guest[Symbol.asyncDispose]();
      },
    };
  }
  return { title: 'in a guest', skip: false, kind: 'guest', start };
}
