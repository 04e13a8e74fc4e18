// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { join } from 'node:path';

import { ociResourcesToGrpc } from '@hako/protocols';
import { SandboxResourcesServiceDefinition } from '@hako/protocols/sandbox-resources';
import { createChannel, createClient, type Channel, type Client } from '@hako/ttrpc';
import { ClientError, Status } from 'nice-grpc-common';

import { askOwner } from '../run/owner-call.ts';
import type { MachineRoom } from './machine-room.ts';
import { ownerSocketName } from './room-service.ts';

/** The room of a machine that another process owns; disposal lets go of it, what was promised stays promised. */
export interface JoinedRoom extends MachineRoom, AsyncDisposable {}

/** An owner that does not answer by then is on its way out, and its machine with it. */
const releaseTimeoutMs = 5_000;

const remedies = { invalid_options: 'give the container less, or the sandbox more when it is made' };

/**
 * Takes part in the room of a machine that another process owns. Nothing is connected before it is needed.
 * @param directory run directory of the sandbox
 */
export function joinRoom(directory: string): JoinedRoom {
  let channel: Channel | undefined;
  const connected = (): Client<typeof SandboxResourcesServiceDefinition> => {
    channel ??= createChannel(connect(join(directory, ownerSocketName)));
    return createClient(SandboxResourcesServiceDefinition, channel);
  };
  const releases = new Set<Promise<unknown>>();
  return {
    async admit(containerId, resources, signal) {
      const request = { containerId, resources: ociResourcesToGrpc(resources) };
      await askOwner(connected().reserve(request, limits(signal)), remedies);
    },
    // The owner has made room before it answered.
    provide: () => Promise.resolve(),
    async keepVolumes(containerId, volumes, _agent, signal) {
      const kept = connected().keepVolumes({ containerId, volumes: [...volumes] }, limits(signal));
      await askOwner(kept.catch(unlessOlder));
    },
    release(containerId) {
      // An owner that is gone has taken its machine with it.
      const release = connected()
        .release({ containerId }, { timeoutMs: releaseTimeoutMs })
        .catch(() => undefined);
      releases.add(release);
      void release.then(() => releases.delete(release));
    },
    async update(containerId, resources, _agent, signal) {
      const request = { containerId, resources: ociResourcesToGrpc(resources) };
      await askOwner(connected().update(request, limits(signal)), remedies);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(releases);
      await channel?.[Symbol.asyncDispose]();
    },
  };
}

/** An owner of an older release knows no volumes that grow: they stay as they are. */
function unlessOlder(error: unknown): void {
  if (!(error instanceof ClientError && error.code === Status.UNIMPLEMENTED)) throw error;
}

function limits(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
