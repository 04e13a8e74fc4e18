// SPDX-License-Identifier: Apache-2.0

/** Tag under which the guest mounts the directory that the host shares. */
export const sharedDirectoryTag = 'kataShared';

/**
 * Name of the virtio-serial port that carries the agent's ttRPC connection.
 *
 * The guest finds the port by this name in `/sys/class/virtio-ports`, because its number depends on the order of devices.
 */
export const agentPortName = 'hako.agent.0';

/**
 * Names of the virtio-serial ports over which much output of processes comes, see `output_port` of `ProcessIO.Attach`. One
 * is for the process that owns the sandbox, the other for whoever else attaches to a process in it.
 */
export const outputPortNames = { owner: 'hako.output.0', guest: 'hako.output.1' } as const;
