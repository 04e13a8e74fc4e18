// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect } from 'node:net';

import { createAgentClient, type AgentClient } from '@hako/agent-client';
import { VolumeUsage_Unit } from '@hako/protocols/csi';
import { createChannel } from '@hako/ttrpc';

import { describeError, SandboxError } from '../../sandbox-error.ts';
import type { VolumeUsage } from './direct-volumes.ts';

/** A volume in a guest, as other processes than the owner reach it. */
export interface GuestVolume {
  /** Socket through which the owner of the sandbox lets others reach its agent. */
  readonly socket: string;
  /** Where the guest has the volume mounted. */
  readonly guestPath: string;
}

/**
 * Asks an agent how full a volume is. Error: `agent_failed`; the signal's reason.
 * @param volume the volume
 * @param signal ends it
 */
export async function readVolumeStats(
  { socket, guestPath: volumeGuestPath }: GuestVolume,
  signal: AbortSignal,
): Promise<readonly VolumeUsage[]> {
  const { usage } = await ask(socket, signal, 'looked at', (agent) =>
    agent.getVolumeStats({ volumeGuestPath }, { signal }),
  );
  return usage.map(({ unit, total, used, available }) => ({
    unit: unit === VolumeUsage_Unit.INODES ? 'inodes' : 'bytes',
    ...{ total, used, available },
  }));
}

/**
 * Has an agent grow the file system of a volume whose disk is large enough already. Error: `agent_failed`; the signal's reason.
 * @param volume the volume
 * @param sizeBytes of the file system
 * @param signal ends it
 */
export async function growVolume(
  { socket, guestPath: volumeGuestPath }: GuestVolume,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<void> {
  await ask(socket, signal, 'resized', (agent) =>
    agent.resizeVolume({ volumeGuestPath, size: BigInt(sizeBytes) }, { signal }),
  );
}

async function ask<T>(
  socket: string,
  signal: AbortSignal,
  what: string,
  call: (agent: AgentClient) => Promise<T>,
): Promise<T> {
  const stream = connect(socket);
  try {
    await once(stream, 'connect', { signal });
    const agent = createAgentClient({ channel: createChannel(stream) });
    const answer = await call(agent);
    agent.abort();
    return answer;
  } catch (cause) {
    signal.throwIfAborted();
    throw new SandboxError('agent_failed', `volume cannot be ${what}: ${describeError(cause)}`, { cause });
  } finally {
    stream.destroy();
  }
}
