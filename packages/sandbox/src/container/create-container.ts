// SPDX-License-Identifier: Apache-2.0
import type { GuestAgent } from '../process/guest-agent.ts';
import { RemoteProcess } from '../process/guest-process.ts';
import { memoryVolumes } from '../resources/memory-volumes.ts';
import { UndoStack } from '../undo-stack.ts';
import { Container } from './container.ts';
import { draftContainer, type ContainerDraft } from './container-draft.ts';
import type { ContainerHost } from './container-host.ts';
import type { ContainerOptions } from './container-options.ts';
import { makeContainer } from './make-container.ts';

/**
 * Creates a container: shares its files while the guest may still be booting, then asks the agent. On failure
 * everything is taken back. Errors: as `Sandbox.createContainer`.
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
  const draft = await draftContainer(host, id, options);
  const { command, process } = draft.record;
  const { hooks, ledger, lifeline, notes, pinning, room } = host;
  const undo = new UndoStack();
  let container: Container | undefined;
  try {
    const agent = await makeContainer(host, draft, undo);
    container = handleOf(host, draft, agent, async () => {
      onRemoved();
      const [failure] = await undo.unwind();
      if (failure !== undefined) throw failure.error;
    });
    if (pinning !== undefined) {
      undo.push('CPUs of the container', () => pinning.release(id));
      pinning.admit(id, draft.record.hostCpus);
      await lifeline.call('placement of the CPUs', options.signal, (signal) => pinning.settle(signal));
    }
    await ledger?.noteState(id, 'created');
    const volumes = memoryVolumes(draft.plan.storages);
    if (volumes.length > 0) await room?.keepVolumes(id, volumes, agent, options.signal);
    undo.push('note of the container', () => notes?.remove(id));
    await notes?.add({ id, command, process });
    return container;
  } catch (error) {
    await container?.remove().catch(() => undefined);
    for (const { step, error: reason } of await undo.unwind())
      hooks.logger.error({ step, reason, container: id }, 'could not be taken back');
    throw error;
  }
}

/** What the caller gets of a container that is there. */
function handleOf(
  { ledger, lifeline, machine, notes, onStart, room, timeline }: ContainerHost,
  { hooks, record }: ContainerDraft,
  agent: GuestAgent,
  release: () => Promise<void>,
): Container {
  const { id, command, closeStdin, process: defaults, terminal } = record;
  let firstByte = (): void => undefined;
  return new Container({
    ...{ containerId: id, command, closeStdin, defaults, agent, lifeline, machine, notes, room, release },
    process: new RemoteProcess({
      ...{ id: { containerId: id, execId: id }, terminal, agent, lifeline },
      onFirstByte: () => firstByte(),
    }),
    ...(hooks && { hooks }),
    note: async (state, exitCode) => {
      await ledger?.noteState(id, state, exitCode);
      if (exitCode !== undefined) await notes?.noteEnd(id, exitCode);
    },
    measureStart: async (run) => {
      firstByte = timeline.begin('first byte');
      await timeline.measure('start container', run);
      onStart?.();
    },
  });
}
