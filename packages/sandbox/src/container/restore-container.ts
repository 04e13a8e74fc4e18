// SPDX-License-Identifier: Apache-2.0
import type { OwnedDevices } from '../devices/device-host.ts';
import { reopenHooks, type HookPlace } from '../hooks/open-hooks.ts';
import type { HostHooks } from '../hooks/host-hooks.ts';
import type { Lifeline } from '../lifeline.ts';
import type { GuestAgent } from '../process/guest-agent.ts';
import { RemoteProcess } from '../process/guest-process.ts';
import type { MachineRoom } from '../resources/machine-room.ts';
import { machineTraits, type MachineTraits } from '../resources/machine-traits.ts';
import type { VcpuPinning } from '../resources/vcpu-pinning.ts';
import { ContainerNotes } from '../run/container-notes.ts';
import type { SurvivalLedger } from '../run/survival-ledger.ts';
import type { SandboxResources } from '../sandbox-resources.ts';
import type { FileShare } from '../share/file-share.ts';
import { UndoStack } from '../undo-stack.ts';
import { Container, type ContainerState } from './container.ts';
import type { ContainerRecord } from './container-record.ts';

/** What a container is restored in. */
interface RestoreHost {
  readonly agent: GuestAgent;
  readonly share: Pick<FileShare, 'remove'>;
  readonly devices: Pick<OwnedDevices, 'detach'>;
  readonly ledger: SurvivalLedger;
  readonly notes: Pick<ContainerNotes, 'noteEnd' | 'notePaused' | 'remove'>;
  readonly hooks: HookPlace;
  readonly lifeline: Lifeline;
  /** Absent: the machine stays as it is. */
  readonly room: MachineRoom | undefined;
  /** Absent: virtual CPUs run anywhere. */
  readonly pinning: Pick<VcpuPinning, 'admit' | 'release'> | undefined;
  readonly machine: MachineTraits;
}

/** The sandbox whose containers are restored. */
export interface RestoredSandbox extends Pick<
  RestoreHost,
  'agent' | 'devices' | 'hooks' | 'lifeline' | 'room'
> {
  readonly resources: Pick<
    SandboxResources,
    'adopted' | 'config' | 'ledger' | 'pinning' | 'runDirectory' | 'share'
  >;
}

/**
 * Goes on with the containers of a sandbox whose owner is dead; there are none in a new sandbox.
 * @param sandbox the sandbox
 * @param containers by id; gets them
 */
export async function restoreContainers(
  { resources, ...sandbox }: RestoredSandbox,
  containers: Map<string, Promise<Container>>,
): Promise<void> {
  const { adopted, config, ledger, pinning, runDirectory, share } = resources;
  if (adopted === undefined || ledger === undefined) return;
  const machine = machineTraits(config.sizing, config.numa);
  const notes = new ContainerNotes(runDirectory.path);
  const host = { ...sandbox, ledger, machine, notes, pinning, share };
  for (const record of adopted.survival.containers) {
    const { id } = record;
    const container = await restoreContainer(host, record, () => containers.delete(id));
    if (container !== undefined) containers.set(id, Promise.resolve(container));
  }
  await pinning?.resettle();
}

/**
 * Goes on with a container that a dead process has made. What that process had begun with it is brought to an end: creation is
 * taken back, start and removal are carried out. What its program has printed meanwhile comes now, apart from what was on its
 * way to that process.
 * @param host the sandbox
 * @param record what is written down of it
 * @param onRemoved called when it has been removed, so that its id is free again
 * @returns undefined if nothing of it is left
 */
async function restoreContainer(
  host: RestoreHost,
  record: ContainerRecord,
  onRemoved: () => void,
): Promise<Container | undefined> {
  const { agent, ledger, lifeline, machine, notes, room } = host;
  const { id, terminal } = record;
  /** Who lets go of the sandbox has not done what the next one has to do. */
  const unlessLost = (error: unknown): void => {
    if (lifeline.isLost) throw error;
  };
  const hooks = record.hooks && (await reopenHooks(id, record.hooks, host.hooks));
  const undo = undoOf(host, record, hooks);
  if (record.state === 'creating' || record.state === 'removing') {
    // It need not be there, and neither need what was made for it.
    await lifeline
      .call('removal of the container', undefined, (signal) =>
        agent.removeContainer({ containerId: id }, { signal }),
      )
      .catch(unlessLost);
    for (const { step, error } of await undo.unwind())
      host.hooks.logger.warn({ step, error, container: id }, 'could not be taken back');
    return undefined;
  }
  if (record.state === 'starting') {
    // The agent refuses when it runs already, which is as good.
    await lifeline
      .call('start of the container', undefined, (signal) =>
        agent.startContainer({ containerId: id }, { signal }),
      )
      .catch(unlessLost);
    await ledger.noteState(id, 'running');
    void hooks?.afterStart();
  }
  const process = new RemoteProcess({ id: { containerId: id, execId: id }, terminal, agent, lifeline });
  const state = stateOf(record);
  host.pinning?.admit(id, record.hostCpus);
  if (state.name === 'stopped') room?.release(id);
  if (record.closeStdin && state.name !== 'created' && state.name !== 'stopped') process.stdin.end();
  return new Container(
    {
      ...{ containerId: id, command: record.command, agent, lifeline, machine, notes, process, room },
      ...(hooks && { hooks }),
      defaults: record.process,
      closeStdin: record.closeStdin,
      measureStart: (run) => run(),
      note: async (step, exitCode) => {
        await ledger.noteState(id, step, exitCode);
        if (exitCode !== undefined) await notes.noteEnd(id, exitCode);
      },
      release: async () => {
        onRemoved();
        const [failure] = await undo.unwind();
        if (failure !== undefined) throw failure.error;
      },
    },
    state,
  );
}

/** What takes back what was made for a container on the host, as its maker would have done it. */
function undoOf(
  { devices, ledger, notes, pinning, room, share }: RestoreHost,
  { id, shares }: ContainerRecord,
  hooks: Pick<HostHooks, 'afterEnd'> | undefined,
): UndoStack {
  const undo = new UndoStack();
  undo.push('record of the container', () => ledger.forget(id));
  if (hooks !== undefined) undo.push('hooks', () => hooks.afterEnd());
  undo.push('part of the machine', () => room?.release(id));
  for (const name of shares) undo.push('shared files', () => share.remove([name]));
  undo.push('devices', () => devices.detach(id));
  undo.push('CPUs of the container', () => pinning?.release(id));
  undo.push('note of the container', () => notes.remove(id));
  return undo;
}

/** The agent tells the end of one that has ended meanwhile, as if it ended now. */
function stateOf({ state, exitCode }: ContainerRecord): ContainerState {
  if (state === 'stopped' && exitCode !== undefined) return { name: state, exitCode };
  if (state === 'created' || state === 'paused') return { name: state };
  return { name: 'running' };
}
