// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';
import type { AgentHarness } from './agent-harness.ts';
import { createRequest } from './test-spec.ts';

/** A shell script that waits for ever. */
export const sleeper = ['sleep', '1000'] as const;

/** Makes and starts a container. */
export async function runContainer(
  { client, rootfs }: Pick<AgentHarness, 'client' | 'rootfs'>,
  containerId: string,
  args: readonly string[],
  changes: Partial<OciSpec> = {},
): Promise<void> {
  await client.createContainer(createRequest(containerId, rootfs, args, changes));
  await client.startContainer({ containerId });
}

/** Reads an output to its end. */
export async function readAll(
  { client }: Pick<AgentHarness, 'client'>,
  process: { readonly containerId: string; readonly execId?: string },
  output: 'readStdout' | 'readStderr' = 'readStdout',
): Promise<string> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { data } = await client[output]({ ...process, len: 4096 });
    if (data.length === 0) return Buffer.concat(chunks).toString();
    chunks.push(data);
  }
}

/** Reads standard output until it contains a text. Throws when it ends before. */
export async function readUntil(
  { client }: Pick<AgentHarness, 'client'>,
  process: { readonly containerId: string; readonly execId?: string },
  wanted: string,
): Promise<string> {
  let text = '';
  while (!text.includes(wanted)) {
    const { data } = await client.readStdout({ ...process, len: 4096 });
    if (data.length === 0) throw new Error(`output ended without ${wanted}: ${JSON.stringify(text)}`);
    text += Buffer.from(data).toString();
  }
  return text;
}
