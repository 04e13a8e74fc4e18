// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect } from 'node:net';

import { createAgentClient } from '@hako/agent-client';
import { VolumeUsage_Unit } from '@hako/protocols/csi';
import { createChannel } from '@hako/ttrpc';

import { describeError, SandboxError } from '../../sandbox-error.ts';
import type { VolumeUsage } from './direct-volumes.ts';

/**
 * Asks an agent how full a volume is. Error: `agent_failed`; the signal's reason.
 * @param socket through which the owner of the sandbox lets others reach its agent
 * @param volumeGuestPath where the guest has the volume mounted
 * @param signal ends it
 */
export async function readVolumeStats(
  socket: string,
  volumeGuestPath: string,
  signal: AbortSignal,
): Promise<readonly VolumeUsage[]> {
  const stream = connect(socket);
  try {
    await once(stream, 'connect', { signal });
    const agent = createAgentClient({ channel: createChannel(stream) });
    const { usage } = await agent.getVolumeStats({ volumeGuestPath }, { signal });
    agent.abort();
    return usage.map(({ unit, total, used, available }) => ({
      unit: unit === VolumeUsage_Unit.INODES ? 'inodes' : 'bytes',
      ...{ total, used, available },
    }));
  } catch (cause) {
    signal.throwIfAborted();
    throw new SandboxError('agent_failed', `volume cannot be looked at: ${describeError(cause)}`, { cause });
  } finally {
    stream.destroy();
  }
}
