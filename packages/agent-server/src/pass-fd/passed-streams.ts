// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { PassedConnections } from './passed-connections.ts';

/** Ports by which a request names connections; 0 for none. */
export interface PassedPorts {
  readonly stdinPort: number;
  readonly stdoutPort: number;
  readonly stderrPort: number;
}

/** Connections of the host that are a process's standard streams. */
export interface PassedStreams {
  readonly stdin?: Duplex;
  readonly stdout?: Duplex;
  readonly stderr?: Duplex;
}

/** Connections that were taken for a process; disposal closes those no process has got. */
export interface TakenStreams extends Disposable {
  /** Gives them away. */
  release(): PassedStreams;
}

/**
 * Takes the connections a request names. The host has opened them before it sent the request; one that is missing all the
 * same leaves its stream to the RPCs.
 *
 * @param connections - absent when the agent was not told to listen for any
 * @throws the signal's reason when it is aborted first; what had been found by then is closed
 */
export async function takeStreams(
  connections: PassedConnections | undefined,
  ports: PassedPorts,
  signal: AbortSignal,
): Promise<TakenStreams> {
  using undo = new DisposableStack();
  const take = async (port: number): Promise<Duplex | undefined> => {
    const connection = port === 0 ? undefined : await connections?.take(port, signal);
    if (connection !== undefined) undo.defer(() => void connection.destroy());
    return connection;
  };
  const { stdinPort, stdoutPort, stderrPort } = ports;
  const [stdin, stdout, stderr] = await Promise.all([stdinPort, stdoutPort, stderrPort].map(take));
  const owned = undo.move();
  return {
    release() {
      owned.move();
      return { ...(stdin && { stdin }), ...(stdout && { stdout }), ...(stderr && { stderr }) };
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}
