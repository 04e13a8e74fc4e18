// SPDX-License-Identifier: Apache-2.0
import type { CreateContainerRequest, DeepPartial } from '@hako/protocols/agent';

import { withDeadline } from '../deadline.ts';
import { attachDevices } from '../devices/attach-devices.ts';
import type { DeviceParts } from '../devices/container-devices.ts';
import { readGuestDetails } from '../guest-details.ts';
import type { GuestAgent } from '../process/guest-agent.ts';
import { wantedResources } from '../resources/container-resources.ts';
import { checkGuestSecurity } from '../spec/guest-security.ts';
import { sharesPidNamespace, wireSpec } from '../spec/wire-spec.ts';
import type { UndoStack } from '../undo-stack.ts';
import type { ContainerDraft } from './container-draft.ts';
import type { ContainerHost } from './container-host.ts';
import { explainLaunchFailure } from './launch-failure.ts';

/**
 * Makes a container, up to a process that waits for its start: on the host while the guest may still be booting, then in
 * the guest. Errors: as `Sandbox.createContainer`.
 * @param host the sandbox
 * @param draft the container
 * @param undo gets what takes back each thing that is made on the host
 * @returns the agent that has it
 */
export async function makeContainer(
  host: ContainerHost,
  draft: ContainerDraft,
  undo: UndoStack,
): Promise<GuestAgent> {
  const { ledger, lifeline, room, share, timeline } = host;
  const { devices, hooks, options, plan, record } = draft;
  const { id } = record;
  const { signal } = options;
  const limits = signal === undefined ? {} : { signal };
  const untilReady = (): Promise<GuestAgent> => withDeadline('boot', limits, () => host.ready);

  undo.push('record of the container', () => ledger?.forget(id));
  if (hooks !== undefined) undo.push('hooks', () => hooks.afterEnd());
  await ledger?.note(record);
  await room?.admit(id, wantedResources(plan.spec.linux?.resources, options.limits), signal);
  undo.push('part of the machine', () => room?.release(id));
  if (hooks !== undefined) {
    // They are told of the machine, and what they do to the root directory has to be there before it is shared.
    await untilReady();
    await lifeline.call('hooks', signal, (both) => hooks.beforeCreation(both));
  }
  undo.push('shared files', () => share.remove(record.shares));
  undo.push('devices', () => devices.detach());
  const sharing = timeline.measure('share container files', () =>
    lifeline.call('sharing of files', signal, (both) => share.add(plan.shares, both)),
  );
  // What is half shared cannot be taken back.
  undo.push('sharing of files', () => sharing.catch(() => undefined));
  const [agent, attached] = await Promise.all([untilReady(), attachDevices(devices, host, signal), sharing]);
  await checkGuestSecurity(plan.spec, options.guest ?? {}, {
    supportsSeccomp: async () => (await readGuestDetails({ agent, lifeline }, limits)).supportsSeccomp,
  });
  await room?.provide(agent, signal);
  const request = containerRequest(draft, attached, host);
  await timeline.measure('create container', () =>
    lifeline
      .call('creation of the container', signal, (both) => agent.createContainer(request, { signal: both }))
      .catch((error: unknown) => {
        throw explainLaunchFailure(error, record.command);
      }),
  );
  return agent;
}

function containerRequest(
  { options: { guest, limits }, plan: { spec, rootStorages, storages }, record: { id } }: ContainerDraft,
  attached: DeviceParts,
  { machine, sharesPidNamespace: sandboxSharesPids }: Pick<ContainerHost, 'machine' | 'sharesPidNamespace'>,
): DeepPartial<CreateContainerRequest> {
  return {
    containerId: id,
    execId: id,
    storages: [...(attached.rootStorages ?? rootStorages), ...storages, ...attached.storages],
    devices: [...attached.devices],
    OCI: wireSpec(attached.edit(spec), limits, { ...guest, hostNodes: machine?.hostNodes }),
    sandboxPidns: sandboxSharesPids || sharesPidNamespace(spec),
  };
}
