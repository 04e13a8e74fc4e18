// SPDX-License-Identifier: Apache-2.0
import { withDeadline } from './deadline.ts';
import type { OwnedDevices } from './devices/device-host.ts';
import type { GuestAgent } from './process/guest-agent.ts';
import type { SandboxResources } from './sandbox-resources.ts';

/** The guest gets so long to end its processes in order before its machine is taken away. */
const destroyTimeoutMs = 1_000;

/** The guest that is to end. */
export interface EndingGuest {
  readonly resources: Pick<SandboxResources, 'vm' | 'logger' | 'timeline'>;
  readonly agent: GuestAgent;
  readonly devices: Pick<OwnedDevices, 'settle'>;
  readonly containerIds: Iterable<string>;
}

/**
 * Lets a guest write out what it has for disks and end its processes in order. Bounded; never rejects: its machine ends
 * in any case.
 * @param guest the guest
 */
export async function destroyGuest({ resources, agent, devices, containerIds }: EndingGuest): Promise<void> {
  const { vm, logger, timeline } = resources;
  await Promise.race([devices.settle(agent, containerIds), vm.exited]);
  await timeline
    .measure('end guest', () =>
      withDeadline('end of the guest', { timeoutMs: destroyTimeoutMs }, async (signal) => {
        await Promise.race([agent.destroySandbox({ signal }), vm.exited]);
      }),
    )
    .catch((error: unknown) => logger.debug({ error }, 'the guest did not end in order'));
}
