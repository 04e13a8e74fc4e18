// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { HypervisorError, maximumSocketPathBytes, type VmConfig } from '@hako/hypervisor';
import type { AgentRoad } from './command-line/launch-plan.ts';

/** CIDs 0 to 2 and the largest are reserved (vsock(7)). */
const firstCid = 3;
const endOfCids = 0xffff_ffff;

/** What the choice depends on. */
export interface AgentRoadComponents {
  /** Usually `/dev/vhost-vsock`. */
  readonly vhostVsockDevice: string;
  /** Without a dialer the host has vsock for QEMU, but not for us. */
  readonly hasVsockDialer: boolean;
}

/**
 * Decides how the agent is reached.
 *
 * A vsock CID is drawn at random. QEMU reserves it and says so if somebody else has it; the start is then tried again
 * with another one. That needs no call into the kernel from here, and a clash is one in a billion.
 *
 * @throws HypervisorError `unsupported` (vsock asked for, not to be had) | `invalid_config` (socket path too long)
 */
export async function chooseAgentRoad(config: VmConfig, components: AgentRoadComponents): Promise<AgentRoad> {
  if (config.agentChannel !== 'virtio-serial') {
    const obstacle = await vsockObstacle(components);
    if (obstacle === undefined) return { kind: 'vsock', cid: randomInt(firstCid, endOfCids) };
    if (config.agentChannel === 'vsock') {
      const remedy = 'use the agent channel auto or virtio-serial';
      throw new HypervisorError('unsupported', `vsock cannot be used: ${obstacle}`, {
        operand: 'vsock',
        remedy,
      });
    }
  }
  const socketPath = join(config.runDir, 'agent-port.sock');
  const bytes = Buffer.byteLength(socketPath);
  if (bytes > maximumSocketPathBytes) {
    throw new HypervisorError(
      'invalid_config',
      `socket path ${socketPath} takes ${bytes} bytes of at most ${maximumSocketPathBytes}`,
      { operand: 'runDir', remedy: 'use a shorter run directory' },
    );
  }
  return { kind: 'virtio-serial', socketPath };
}

/** Whether QEMU's stderr says that the drawn CID is taken. */
export function isCidTaken(stderr: string): boolean {
  return /unable to set guest cid: Address already in use/i.test(stderr);
}

async function vsockObstacle({
  vhostVsockDevice,
  hasVsockDialer,
}: AgentRoadComponents): Promise<string | undefined> {
  if (!hasVsockDialer) return 'no vsock dialer was given to the driver';
  try {
    await using device = await open(vhostVsockDevice, 'r+');
    return device.fd >= 0 ? undefined : 'no descriptor';
  } catch {
    return `${vhostVsockDevice} cannot be opened`;
  }
}
