// SPDX-License-Identifier: Apache-2.0
import type { JsonValue } from '@bufbuild/protobuf';
import { copyFile } from '@hako/agent-client';
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition } from '@hako/protocols/health';
import { createClient, type Channel, type ChannelCallOptions, type MethodDefinition } from '@hako/ttrpc';
import { Metadata } from 'nice-grpc-common';

import type { ApiCommand } from './api-commands.ts';
import type { ReadyRequest } from './build-request.ts';
import { decodeMessage, methodShape } from './message-shape.ts';

/** Limits of one call. */
export interface CallLimits {
  readonly signal: AbortSignal;
  /** Milliseconds; `undefined` for no deadline. */
  readonly timeoutMs: number | undefined;
  /** Whether values were filled in, which agent-ctl tells the agent. */
  readonly autoValues: boolean;
}

type Call = (request: unknown, options: ChannelCallOptions) => Promise<unknown>;

/**
 * Sends a request and answers with the reply as JSON, fields in the spelling of the `.proto` files.
 * Errors: nice-grpc's `ClientError`.
 */
export async function callAgent(
  channel: Channel,
  command: ApiCommand,
  request: ReadyRequest,
  limits: CallLimits,
): Promise<JsonValue> {
  const options: ChannelCallOptions = {
    signal: limits.signal,
    ...(limits.timeoutMs === undefined ? {} : { timeoutMs: limits.timeoutMs }),
    ...(limits.autoValues ? { metadata: new Metadata([['agent-ctl-cfg', 'auto-values']]) } : {}),
  };
  if (request.kind === 'copy-file') {
    const agent = createClient(AgentServiceDefinition, channel);
    await copyFile(
      { copyFile: (piece) => agent.copyFile(piece, options) },
      request.source,
      request.destination,
    );
    return {};
  }
  const { call, method } = methodOf(channel, command);
  const decoded = method.requestType.decode(request.bytes);
  const message = typeof decoded === 'object' ? { ...decoded, ...request.fields } : decoded;
  const reply = await call(message, options);
  const { reply: shape } = methodShape(command.service, command.method);
  return decodeMessage(shape, method.responseType.encode(reply).finish());
}

function methodOf(
  channel: Channel,
  { service, method: wireName }: ApiCommand,
): { readonly call: Call; readonly method: MethodDefinition } {
  const definition = service === HealthDefinition.fullName ? HealthDefinition : AgentServiceDefinition;
  const client: object = createClient<{
    fullName: string;
    methods: Readonly<Record<string, MethodDefinition>>;
  }>(definition, channel);
  for (const [name, method] of Object.entries<MethodDefinition>(definition.methods)) {
    if (method.name !== wireName) continue;
    const call: unknown = Reflect.get(client, name);
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- all methods of these services are unary, and the request was decoded by the method's own type
    return { call: call as Call, method };
  }
  throw new TypeError(`no method ${service}/${wireName}`);
}
