// SPDX-License-Identifier: Apache-2.0
import type { ClientMiddleware } from 'nice-grpc-common';
import type { MethodDefinition, TtrpcServiceDefinition } from '../definition/service-definition.ts';
import { MessageEncoder } from '../definition/message-encoder.ts';
import { describeMethod } from '../definition/service-definition.ts';
import type { ChannelCallOptions } from './call-options.ts';
import { createCallRoute } from './call-route.ts';
import type { Channel } from './channel.ts';
import type { Client, DefaultCallOptions } from './client-types.ts';
import { throughMiddleware } from './middleware-call.ts';
import { callMethod, unaryMethod } from './method-call.ts';

/**
 * Makes a client of a service, as nice-grpc does.
 *
 * Unary calls return a promise, streaming ones an async iterable that starts the call when it is iterated. Failures
 * are `ClientError`s; an aborted `signal` makes an `AbortError`.
 * @param defaultCallOptions - options by method name, or for all methods under `*`.
 */
export function createClient<Definition extends TtrpcServiceDefinition>(
  definition: Definition,
  channel: Channel,
  defaultCallOptions?: DefaultCallOptions<Definition>,
): Client<Definition> {
  return buildClient(definition, channel, undefined, defaultCallOptions);
}

/** Makes clients that share middleware. Immutable: `use` returns a new factory. */
export interface ClientFactory<Ext = object> {
  /** Adds middleware inside of those added before. */
  use<NewExt>(middleware: ClientMiddleware<NewExt, Ext>): ClientFactory<Ext & NewExt>;
  /** Makes a client whose calls go through the middleware. */
  create<Definition extends TtrpcServiceDefinition>(
    definition: Definition,
    channel: Channel,
    defaultCallOptions?: DefaultCallOptions<Definition, Ext>,
  ): Client<Definition, Ext>;
}

/** Starts a {@link ClientFactory} without middleware. */
export function createClientFactory(): ClientFactory {
  return factoryWith([]);
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the options that middleware adds are tracked by the factory's type, not here
type AnyMiddleware = ClientMiddleware<any, any>;

function factoryWith<Ext>(middleware: readonly AnyMiddleware[]): ClientFactory<Ext> {
  return {
    use: (added) => factoryWith([...middleware, added]),
    create: (definition, channel, defaults) => buildClient(definition, channel, middleware, defaults),
  };
}

function buildClient<Definition extends TtrpcServiceDefinition, Ext>(
  definition: Definition,
  channel: Channel,
  middleware: readonly AnyMiddleware[] = [],
  defaults: DefaultCallOptions<Definition, Ext> = {},
): Client<Definition, Ext> {
  const client: Record<string, unknown> = {};
  const encoder = new MessageEncoder();
  for (const [name, method] of Object.entries<MethodDefinition>(definition.methods)) {
    const route = createCallRoute(definition.fullName, method.name);
    const options: ChannelCallOptions = { ...defaults['*'], ...defaults[name] };
    if (middleware.length > 0) {
      const call = callMethod(channel, route, method, encoder);
      client[name] = throughMiddleware(middleware, describeMethod(definition, method), call, options);
    } else if (method.requestStream || method.responseStream) {
      client[name] = throughMiddleware(
        [],
        describeMethod(definition, method),
        callMethod(channel, route, method, encoder),
        options,
      );
    } else {
      client[name] = unaryMethod(channel, route, method, encoder, options);
    }
  }
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- built method by method from the definition the type is computed from
  return client as Client<Definition, Ext>;
}
