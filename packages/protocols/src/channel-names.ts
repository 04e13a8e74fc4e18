// SPDX-License-Identifier: Apache-2.0

/** Tag under which the guest mounts the directory that the host shares. */
export const sharedDirectoryTag = 'kataShared';

/**
 * Name of the virtio-serial port that carries the agent's ttRPC connection.
 *
 * The guest finds the port by this name in `/sys/class/virtio-ports`, because its number depends on the order of devices.
 */
export const agentPortName = 'hako.agent.0';
