// SPDX-License-Identifier: Apache-2.0
import { attachDevices } from '../devices/attach-devices.ts';
import type { DeviceHost } from '../devices/device-host.ts';
import { readGuestDetails } from '../guest-details.ts';
import { openHooks, type HookPlace } from '../hooks/open-hooks.ts';
import type { Lifeline } from '../lifeline.ts';
import type { GuestAgent } from '../process/guest-agent.ts';
import { RemoteProcess } from '../process/guest-process.ts';
import { wantedResources } from '../resources/container-resources.ts';
import type { MachineRoom } from '../resources/machine-room.ts';
import { checkAgainstMachine, type MachineTraits } from '../resources/machine-traits.ts';
import type { FileShare } from '../share/file-share.ts';
import { checkGuestSecurity } from '../spec/guest-security.ts';
import type { ContainerNotes } from '../run/container-notes.ts';
import type { SurvivalLedger } from '../run/survival-ledger.ts';
import { sharesPidNamespace, wireSpec } from '../spec/wire-spec.ts';
import type { Timeline } from '../timeline.ts';
import { UndoStack } from '../undo-stack.ts';
import { Container } from './container.ts';
import { resourcesOf } from './container-limits.ts';
import { validateContainerId, validateEnvironment, type ContainerOptions } from './container-options.ts';
import { processDefaults } from './exec-process.ts';
import { explainLaunchFailure } from './launch-failure.ts';
import { planContainer, type GuestTraits } from './plan-container.ts';

/** What a container is created in. */
export interface ContainerHost extends GuestTraits {
  readonly share: Pick<FileShare, 'add' | 'remove'>;
  /** What plugs devices into the machine. */
  readonly devices: DeviceHost;
  /** Where containers get their part of the machine from; absent from a machine that stays as it is. */
  readonly room?: MachineRoom | undefined;
  /** How large the machine can be, if that is known. */
  readonly machine?: MachineTraits | undefined;
  /** Where hooks of bundles run. */
  readonly hooks: HookPlace;
  /** Where it is written down for other processes that it is there; absent where none is to know. */
  readonly notes?: Pick<ContainerNotes, 'add' | 'remove'> | undefined;
  /** Where it is written down what another process needs to go on; absent where none is to. */
  readonly ledger?: SurvivalLedger | undefined;
  readonly lifeline: Lifeline;
  readonly timeline: Timeline;
  /** Settles when the guest takes requests. */
  readonly ready: Promise<GuestAgent>;
}

/**
 * Creates a container: shares its files while the guest may still be booting, then asks the agent. On failure
 * everything is taken back.
 * @param host the sandbox
 * @param id checked to be free
 * @param options what it shall be
 * @param onRemoved called when it has been removed, so that its id is free again
 */
export async function createContainer(
  host: ContainerHost,
  id: string,
  options: ContainerOptions,
  onRemoved: () => void,
): Promise<Container> {
  const { image, terminal = false } = options;
  const { ledger, lifeline, notes, timeline, room } = host;
  validateContainerId(id);
  validateEnvironment(options.env ?? []);
  checkAgainstMachine(resourcesOf(options.limits ?? {}), host.machine);
  const devices = await host.devices.open(id, options);
  const { spec, user, shares, rootStorages, storages } = await planContainer(id, options, host, devices);
  const command = spec.process?.args ?? [];
  const hooks = spec.hooks === undefined ? undefined : await openHooks(id, image, spec, host.hooks);

  const closeStdin = (options.stdin ?? 'closed') === 'closed' && !terminal;
  const defaults = processDefaults(spec.process, user);
  const names = shares.map(({ name }) => name);

  const undo = new UndoStack();
  undo.push('record of the container', () => ledger?.forget(id));
  if (hooks !== undefined) undo.push('hooks', () => hooks.afterEnd());
  const share = (): Promise<void> =>
    timeline.measure('share container files', () =>
      lifeline.call('sharing of files', options.signal, (signal) => host.share.add(shares, signal)),
    );
  let sharing: Promise<void> | undefined;
  let removeFromGuest = (): Promise<unknown> => Promise.resolve();
  try {
    await ledger?.note({
      ...{ id, command, terminal, closeStdin, state: 'creating', process: defaults, shares: names },
    });
    await room?.admit(id, wantedResources(spec.linux?.resources, options.limits), options.signal);
    undo.push('part of the machine', () => room?.release(id));
    if (hooks !== undefined) {
      // They are told of the machine, and what they do to the root directory has to be there before it is shared.
      await host.ready;
      await lifeline.call('hooks', options.signal, (signal) => hooks.beforeCreation(signal));
    }
    undo.push('shared files', () => host.share.remove(names));
    undo.push('devices', () => devices.detach());
    sharing = share();
    const [agent, attached] = await Promise.all([
      host.ready,
      attachDevices(devices, host, options.signal),
      sharing,
    ]);
    await checkGuestSecurity(spec, options.guest ?? {}, {
      supportsSeccomp: async () => (await readGuestDetails({ agent, lifeline })).supportsSeccomp,
    });
    await room?.provide(agent, options.signal);
    await timeline.measure('create container', () =>
      lifeline
        .call('creation of the container', options.signal, (signal) =>
          agent.createContainer(
            {
              containerId: id,
              execId: id,
              storages: [...(attached.rootStorages ?? rootStorages), ...storages, ...attached.storages],
              devices: [...attached.devices],
              OCI: wireSpec(attached.edit(spec), options.limits, options.guest),
              sandboxPidns: host.sharesPidNamespace || sharesPidNamespace(spec),
            },
            { signal },
          ),
        )
        .catch((error: unknown) => {
          throw explainLaunchFailure(error, command);
        }),
    );
    removeFromGuest = () => agent.removeContainer({ containerId: id });
    await ledger?.noteState(id, 'created');
    undo.push('note of the container', () => notes?.remove(id));
    await notes?.add({ id, command, process: defaults });
    let firstByte = (): void => undefined;
    return new Container({
      containerId: id,
      command,
      agent,
      lifeline,
      room,
      machine: host.machine,
      defaults,
      process: new RemoteProcess({
        id: { containerId: id, execId: id },
        terminal,
        agent,
        lifeline,
        onFirstByte: () => firstByte(),
      }),
      closeStdin,
      note: (state) => ledger?.noteState(id, state),
      measureStart: (run) => {
        firstByte = timeline.begin('first byte');
        return timeline.measure('start container', run);
      },
      ...(hooks === undefined ? {} : { hooks }),
      release: async () => {
        onRemoved();
        const [failure] = await undo.unwind();
        if (failure !== undefined) throw failure.error;
      },
    });
  } catch (error) {
    // What is half shared cannot be taken back.
    await sharing?.catch(() => undefined);
    await removeFromGuest().catch(() => undefined);
    for (const { step, error: reason } of await undo.unwind())
      host.hooks.logger.error({ step, reason, container: id }, 'could not be taken back');
    throw error;
  }
}
