// SPDX-License-Identifier: Apache-2.0
import type { GuestAgent } from '../process/guest-agent.ts';
import { RemoteProcess } from '../process/guest-process.ts';
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
  const { hooks, ledger, notes } = host;
  const undo = new UndoStack();
  let container: Container | undefined;
  try {
    const agent = await makeContainer(host, draft, undo);
    container = handleOf(host, draft, agent, async () => {
      onRemoved();
      const [failure] = await undo.unwind();
      if (failure !== undefined) throw failure.error;
    });
    await ledger?.noteState(id, 'created');
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
  { ledger, lifeline, machine, notes, room, timeline }: ContainerHost,
  { hooks, record }: ContainerDraft,
  agent: GuestAgent,
  release: () => Promise<void>,
): Container {
  const { id, command, closeStdin, process: defaults, terminal } = record;
  let firstByte = (): void => undefined;
  return new Container({
    ...{ containerId: id, command, closeStdin, defaults, agent, lifeline, machine, room, release },
    process: new RemoteProcess({
      ...{ id: { containerId: id, execId: id }, terminal, agent, lifeline },
      onFirstByte: () => firstByte(),
    }),
    ...(hooks && { hooks }),
    note: async (state, exitCode) => {
      await ledger?.noteState(id, state, exitCode);
      if (exitCode !== undefined) await notes?.noteEnd(id, exitCode);
    },
    measureStart: (run) => {
      firstByte = timeline.begin('first byte');
      return timeline.measure('start container', run);
    },
  });
}
