// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { HypervisorError } from '@hako/hypervisor';
import type { AgentRoad } from './command-line/launch-plan.ts';
import { connectSocket } from './process/connect-socket.ts';

/** Connects to a port of a guest by vsock; `@hako/linux` has one. */
export type VsockDialer = (
  address: { readonly cid: number; readonly port: number },
  options: { readonly signal: AbortSignal },
) => Promise<Duplex>;

/** How agents are reached by vsock. */
export interface AgentVsock {
  /** Absent where the caller has given none. */
  readonly dial: VsockDialer | undefined;
  /** Port that agents listen at. */
  readonly port: number;
}

/** The way to the agent of one running VM. */
export interface AgentChannel extends Disposable {
  readonly address: string;
  /** @throws HypervisorError `invalid_state` while the one stream of a serial port is in use */
  open(signal: AbortSignal): Promise<Duplex>;
  /**
   * Closes the stream of a serial port, which vsock has not.
   *
   * @throws HypervisorError `invalid_state` if it is closed
   */
  readonly disconnect?: () => void;
}

/** The channel of a road; a serial port is connected when this fulfils, before the guest runs. */
export async function openAgentChannel(
  road: AgentRoad,
  vsock: AgentVsock,
  signal: AbortSignal,
): Promise<AgentChannel> {
  switch (road.kind) {
    case 'virtio-serial':
      return openSerialChannel(road.socketPath, await connectSocket(road.socketPath, signal));
    case 'vsock':
      return openVsockChannel(road.cid, vsock);
    default:
      return road satisfies never;
  }
}

/**
 * QEMU's side of the port carries one connection at a time. What is written before the guest opens the port waits in
 * the socket, so a first request needs no retry.
 */
function openSerialChannel(path: string, early: Duplex): AgentChannel {
  let stream = early;
  let handedOut = false;
  return {
    address: `serial://${path}`,
    async open(signal) {
      if (stream.destroyed) stream = await connectSocket(path, signal);
      else if (handedOut)
        throw new HypervisorError('invalid_state', `agent channel ${path} is in use`, { operand: path });
      handedOut = true;
      return stream;
    },
    disconnect() {
      if (stream.destroyed)
        throw new HypervisorError('invalid_state', `agent channel ${path} is closed`, { operand: path });
      stream.destroy();
    },
    [Symbol.dispose]: () => void stream.destroy(),
  };
}

function openVsockChannel(cid: number, { dial, port }: AgentVsock): AgentChannel {
  return {
    address: `vsock://${cid}:${port}`,
    async open(signal) {
      if (dial === undefined)
        throw new HypervisorError('unsupported', 'no vsock dialer was given to the driver');
      return await dial({ cid, port }, { signal });
    },
    // Each stream belongs to whoever opened it.
    [Symbol.dispose]: () => undefined,
  };
}
