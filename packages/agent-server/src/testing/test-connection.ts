// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition } from '@hako/protocols/health';
import { type Channel, createClientFactory, TtrpcClientError } from '@hako/ttrpc';
import { type ClientMiddleware, Status } from 'nice-grpc-common';
import { noteAnswer } from './answer-notes.ts';
import type { TestConnection, TestedAgentKind } from './tested-agent.ts';

function noteAnswers(kind: TestedAgentKind): ClientMiddleware {
  return async function* (call, options) {
    const { path } = call.method;
    try {
      const response = yield* call.next(call.request, options);
      noteAnswer({ path, status: Status.OK, kind });
      return response;
    } catch (error) {
      // With a cause it is no answer: the failure arose on this side.
      if (error instanceof TtrpcClientError && error.cause === undefined)
        noteAnswer({ path, status: error.code, kind });
      throw error;
    }
  };
}

/** A client's connection over a channel, which it owns from now on. `closed` is awaited at the end. */
export function openTestConnection(
  kind: TestedAgentKind,
  channel: Channel,
  closed: () => Promise<unknown> = () => Promise.resolve(),
): TestConnection {
  const clients = createClientFactory().use(noteAnswers(kind));
  return {
    client: clients.create(AgentServiceDefinition, channel),
    health: clients.create(HealthDefinition, channel),
    clientOf: (definition) => clients.create(definition, channel),
    channel,
    abort: () => channel.abort(),
    async [Symbol.asyncDispose]() {
      channel.abort();
      await closed();
    },
  };
}
