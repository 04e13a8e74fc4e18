// SPDX-License-Identifier: Apache-2.0
import type { Lifeline } from '../lifeline.ts';
import type { GuestAgent } from '../process/guest-agent.ts';
import { RemoteProcess } from '../process/guest-process.ts';
import { ContainerNotes } from '../run/container-notes.ts';
import type { SurvivalLedger } from '../run/survival-ledger.ts';
import type { SandboxResources } from '../sandbox.ts';
import type { FileShare } from '../share/file-share.ts';
import { Container, type ContainerState } from './container.ts';
import type { ContainerRecord } from './container-record.ts';

/** What a container is restored in. What is not here is lost with its owner: devices, hooks, its part of the machine. */
interface RestoreHost {
  readonly agent: GuestAgent;
  readonly share: Pick<FileShare, 'remove'>;
  readonly ledger: SurvivalLedger;
  readonly notes: Pick<ContainerNotes, 'remove'>;
  readonly lifeline: Lifeline;
}

/** The sandbox whose containers are restored. */
export interface RestoredSandbox extends Pick<RestoreHost, 'agent' | 'lifeline'> {
  readonly resources: Pick<SandboxResources, 'adopted' | 'ledger' | 'runDirectory' | 'share'>;
}

/**
 * Goes on with the containers of a sandbox whose owner is dead; there are none in a new sandbox.
 * @param sandbox the sandbox
 * @param containers by id; gets them
 */
export async function restoreContainers(
  { resources: { adopted, ledger, runDirectory, share }, agent, lifeline }: RestoredSandbox,
  containers: Map<string, Promise<Container>>,
): Promise<void> {
  if (adopted === undefined || ledger === undefined) return;
  const host = { agent, ledger, lifeline, notes: new ContainerNotes(runDirectory.path), share };
  for (const record of adopted.containers) {
    const { id } = record;
    const container = await restoreContainer(host, record, () => containers.delete(id));
    if (container !== undefined) containers.set(id, Promise.resolve(container));
  }
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
  const { agent, ledger, lifeline, notes, share } = host;
  const { id, shares, terminal } = record;
  const isHalf = record.state === 'creating' || record.state === 'removing';
  if (isHalf) {
    // Neither need be there.
    await lifeline
      .call('removal of the container', undefined, (signal) =>
        agent.removeContainer({ containerId: id }, { signal }),
      )
      .catch(() => undefined);
    for (const name of shares) await share.remove([name]).catch(() => undefined);
    await notes.remove(id);
    await ledger.forget(id);
    return undefined;
  }
  if (record.state === 'starting') {
    // The agent refuses when it runs already, which is as good.
    await lifeline
      .call('start of the container', undefined, (signal) =>
        agent.startContainer({ containerId: id }, { signal }),
      )
      .catch(() => undefined);
    await ledger.noteState(id, 'running');
  }
  const process = new RemoteProcess({ id: { containerId: id, execId: id }, terminal, agent, lifeline });
  const state = stateOf(record);
  if (record.closeStdin && state.name !== 'created') process.stdin.end();
  return new Container(
    {
      ...{ containerId: id, command: record.command, agent, lifeline, process },
      defaults: record.process,
      closeStdin: record.closeStdin,
      measureStart: (run) => run(),
      note: (step) => ledger.noteState(id, step),
      release: async () => {
        onRemoved();
        await notes.remove(id);
        await share.remove(shares);
        await ledger.forget(id);
      },
    },
    state,
  );
}

/** The agent tells the end of one that has ended meanwhile, as if it ended now. */
function stateOf({ state }: ContainerRecord): ContainerState {
  if (state === 'created' || state === 'paused') return { name: state };
  return { name: 'running' };
}
