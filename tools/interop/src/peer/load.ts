// SPDX-License-Identifier: Apache-2.0
import type { Channel } from '@hako/ttrpc';
import { createClient } from '@hako/ttrpc';
import type { LoadSpec, Outcome } from '../driver-protocol.ts';
import type { InteropClient } from '../generated/hako/interop/v1/interop.ts';
import { InteropDefinition } from '../generated/hako/interop/v1/interop.ts';

/** Does the work of one load on one connection. */
export function runLoad(channel: Channel, load: LoadSpec): Promise<Omit<Outcome, 'id'>> {
  return runLoadWith(createClient(InteropDefinition, channel), load);
}

/** Does the work of one load with any client that has nice-grpc's shape. */
export async function runLoadWith(
  client: Pick<InteropClient, 'echo' | 'download'>,
  load: LoadSpec,
): Promise<Omit<Outcome, 'id'>> {
  const start = performance.now();
  const latenciesNs = load.kind === 'echo' ? await echo(client, load) : await download(client, load);
  return { elapsedNs: nanosecondsSince(start), latenciesNs };
}

async function echo(client: Pick<InteropClient, 'echo'>, load: LoadSpec): Promise<number[]> {
  const request = { data: new Uint8Array(load.payloadBytes), text: '' };
  const latenciesNs: number[] = [];
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started++ < load.count) {
      const start = load.latencies ? performance.now() : 0;
      const { data } = await client.echo(request);
      if (data.length !== load.payloadBytes) throw new Error('the echo has another length');
      if (load.latencies) latenciesNs.push(nanosecondsSince(start));
    }
  };
  await Promise.all(Array.from({ length: load.inFlight }, worker));
  return latenciesNs;
}

async function download(client: Pick<InteropClient, 'download'>, load: LoadSpec): Promise<number[]> {
  let received = 0;
  for await (const { data } of client.download({ messages: load.count, size: load.payloadBytes })) {
    received += data.length;
  }
  if (received !== load.count * load.payloadBytes) throw new Error('the stream was short');
  return [];
}

function nanosecondsSince(start: number): number {
  return Math.round((performance.now() - start) * 1e6);
}
