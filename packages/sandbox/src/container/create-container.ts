// SPDX-License-Identifier: Apache-2.0
import { guestBundlePath } from '@hako/protocols';
import type { CreateContainerRequest, DeepPartial } from '@hako/protocols/agent';

import type { Lifeline } from '../lifeline.ts';
import type { GuestAgent } from '../process/guest-agent.ts';
import { RemoteProcess } from '../process/guest-process.ts';
import type { FileShare } from '../share/file-share.ts';
import { defaultMounts } from '../spec/container-defaults.ts';
import { containerSpec } from '../spec/container-spec.ts';
import { resolveUser } from '../spec/container-user.ts';
import { sharesPidNamespace, wireSpec } from '../spec/wire-spec.ts';
import type { Timeline } from '../timeline.ts';
import { UndoStack } from '../undo-stack.ts';
import { Container } from './container.ts';
import {
  checkVolumes,
  validateContainerId,
  validateEnvironment,
  type ContainerOptions,
} from './container-options.ts';
import { explainLaunchFailure } from './launch-failure.ts';
import {
  planVolumes,
  resolverMounts,
  rootfsShareName,
  sharedRootfsPath,
  splitBundleMounts,
} from './mount-plan.ts';

/** What a container is created in. */
export interface ContainerHost {
  readonly hostname: string;
  /** Whether the guest has an `/etc/resolv.conf` of its own, for containers too. */
  readonly hasResolver: boolean;
  readonly share: Pick<FileShare, 'add' | 'remove'>;
  /** Whether its containers share one process namespace. */
  readonly sharesPidNamespace: boolean;
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
  const { lifeline, timeline } = host;
  validateContainerId(id);
  validateEnvironment(options.env ?? []);
  const bundle = image.spec === undefined ? undefined : await splitBundleMounts(image.spec.mounts ?? []);
  const volumes = await checkVolumes([...(bundle?.volumes ?? []), ...(options.volumes ?? [])]);
  const user = await resolveUser(options.user ?? image.user, image.rootfs);
  const plan = planVolumes(id, volumes);
  const ownMounts = bundle?.others ?? defaultMounts;
  const root = rootOf(id, image.readOnly);
  const spec = containerSpec({
    ...options,
    user,
    hostname: host.hostname,
    rootPath: root.path,
    mounts: [...ownMounts, ...(host.hasResolver ? resolverMounts(ownMounts, volumes) : []), ...plan.mounts],
  });
  const command = spec.process?.args ?? [];

  const undo = new UndoStack();
  const shares = [{ name: rootfsShareName(id), source: image.rootfs, readOnly: true }, ...plan.shares];
  const unshare = (): Promise<void> => host.share.remove(shares.map(({ name }) => name));
  undo.push('shared files', unshare);
  try {
    const [agent] = await Promise.all([
      host.ready,
      timeline.measure('share container files', () =>
        lifeline.call('sharing of files', options.signal, (signal) => host.share.add(shares, signal)),
      ),
    ]);
    await timeline.measure('create container', () =>
      lifeline
        .call('creation of the container', options.signal, (signal) =>
          agent.createContainer(
            {
              containerId: id,
              execId: id,
              storages: root.storages,
              OCI: wireSpec(spec),
              sandboxPidns: host.sharesPidNamespace || sharesPidNamespace(spec),
            },
            { signal },
          ),
        )
        .catch((error: unknown) => {
          throw explainLaunchFailure(error, command);
        }),
    );
    let firstByte = (): void => undefined;
    return new Container({
      containerId: id,
      command,
      agent,
      lifeline,
      defaults: { env: spec.process?.env ?? [], cwd: spec.process?.cwd ?? '/', user },
      process: new RemoteProcess({
        id: { containerId: id, execId: id },
        terminal,
        agent,
        lifeline,
        onFirstByte: () => firstByte(),
      }),
      closeStdin: (options.stdin ?? 'closed') === 'closed' && !terminal,
      measureStart: (run) => {
        firstByte = timeline.begin('first byte');
        return timeline.measure('start container', run);
      },
      unshare: async () => {
        onRemoved();
        await unshare();
      },
    });
  } catch (error) {
    await undo.unwind();
    throw error;
  }
}

/**
 * The image is shared read-only, so that no guest changes it. A container that wants to write gets an overlay whose
 * upper layer lives in the guest's memory; a read-only one sees the shared directory as it is.
 */
function rootOf(
  id: string,
  readOnly: boolean,
): { path: string; storages: NonNullable<DeepPartial<CreateContainerRequest>['storages']> } {
  const shared = sharedRootfsPath(id);
  if (readOnly) return { path: shared, storages: [] };
  const mountPoint = `${guestBundlePath(id)}/rootfs`;
  return {
    path: mountPoint,
    storages: [
      {
        driver: 'overlayfs',
        source: 'overlay',
        fstype: 'overlay',
        // The shared directory is a mount of its own in the guest, made when a path leads through it: hence the dot.
        options: ['io.katacontainers.fs-opt.overlay-rw', `lowerdir=${shared}/.`],
        mountPoint,
      },
    ],
  };
}
