// SPDX-License-Identifier: Apache-2.0
import { maxMessageBytes } from '@hako/protocols';
import type { ReadStreamRequest, ReadStreamResponse } from '@hako/protocols/agent';
import type { OutputName } from '../process/guest-process.ts';
import type { RpcCall, RpcContext } from './rpc-context.ts';

/** What the envelope around a reply may take of the largest message. */
const envelopeBytes = 1024;

/** One read of an output stream, however much the caller asks for. */
export async function readOutput(
  { sandbox }: RpcContext,
  output: OutputName,
  { containerId, execId, len }: ReadStreamRequest,
  { signal }: RpcCall,
): Promise<ReadStreamResponse> {
  const process = sandbox.containers.get(containerId).process(execId);
  const data = await process.read(output, Math.min(len, maxMessageBytes - envelopeBytes), signal);
  return { data };
}
