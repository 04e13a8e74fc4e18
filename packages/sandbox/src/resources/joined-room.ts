// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { join } from 'node:path';

import { ociResourcesToGrpc } from '@hako/protocols';
import { SandboxResourcesServiceDefinition } from '@hako/protocols/sandbox-resources';
import { createChannel, createClient, type Channel, type Client } from '@hako/ttrpc';
import { ClientError } from 'nice-grpc-common';

import { SandboxError } from '../sandbox-error.ts';
import type { MachineRoom } from './machine-room.ts';
import { ownerSocketName } from './room-service.ts';
import { codeOf } from './room-status.ts';

/** The room of a machine that another process owns; disposal lets go of it, what was promised stays promised. */
export interface JoinedRoom extends MachineRoom, AsyncDisposable {}

/** An owner that does not answer by then is on its way out, and its machine with it. */
const releaseTimeoutMs = 5_000;

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
    admit: (containerId, resources, signal) =>
      ask(connected().reserve({ containerId, resources: ociResourcesToGrpc(resources) }, limits(signal))),
    // The owner has made room before it answered.
    provide: () => Promise.resolve(),
    release(containerId) {
      // An owner that is gone has taken its machine with it.
      const release = connected()
        .release({ containerId }, { timeoutMs: releaseTimeoutMs })
        .catch(() => undefined);
      releases.add(release);
      void release.then(() => releases.delete(release));
    },
    update: (containerId, resources, _agent, signal) =>
      ask(connected().update({ containerId, resources: ociResourcesToGrpc(resources) }, limits(signal))),
    async [Symbol.asyncDispose]() {
      await Promise.all(releases);
      await channel?.[Symbol.asyncDispose]();
    },
  };
}

function limits(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function ask(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (cause) {
    if (!(cause instanceof ClientError)) throw cause;
    const code = codeOf(cause.code);
    throw new SandboxError(code, cause.details, {
      cause,
      ...(code === 'invalid_options'
        ? { remedy: 'give the container less, or the sandbox more when it is made' }
        : {}),
    });
  }
}
