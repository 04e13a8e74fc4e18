// SPDX-License-Identifier: Apache-2.0
import type { Address, CloseOptions } from '@hako/ttrpc';
import { maxFramePayloadBytes } from '@hako/ttrpc';
import type { Server } from 'nice-grpc';
import { createServer } from 'nice-grpc';
import type { ServerMiddleware } from 'nice-grpc-common';
import { HealthDefinition, HealthServiceImpl, HealthState } from 'nice-grpc-server-health';

import { GrpcGatewayError } from './gateway-error.ts';
import type { GatewayService } from './gateway-service.ts';
import { checkServices } from './gateway-service.ts';
import { grpcTarget } from './grpc-target.ts';
import { addReflection } from './reflection.ts';
import { statusDetailsMiddleware } from './status-details.ts';

/** What {@link createGrpcGateway} is made of. */
export interface GrpcGatewayOptions {
  /** What is served. {@link gatewayService} makes the compiler check a pair. */
  readonly services: readonly GatewayService[];
  /** Around every service, the first one outermost. */
  readonly middleware?: readonly ServerMiddleware[];
  /**
   * Descriptors of the services, each an encoded `google.protobuf.FileDescriptorSet`; for the agent's, `fileDescriptorSet` of
   * `@hako/protocols/descriptors`. Without any there is no reflection.
   */
  readonly descriptorSets?: readonly Uint8Array[];
}

/** Implementations of ttRPC services that are served over gRPC, beside `grpc.health.v1.Health` and reflection. */
export interface GrpcGateway extends AsyncDisposable {
  /**
   * Starts to serve, unencrypted, on `unix://PATH` or `tcp://IP:PORT`. Whoever can connect can call: prefer a unix socket in a
   * directory of its own, or the loopback address.
   * @returns the TCP port, chosen by the system for port 0; 0 for a unix socket.
   * @throws {@link GrpcGatewayError} `invalid_address`, `listen_failed`, `invalid_state`.
   */
  listen(address: Address | string): Promise<number>;
  /** What `grpc.health.v1.Health` answers for a service. At first all are healthy. */
  setHealthy(service: string, healthy: boolean): void;
  /** Takes no new calls and waits for those in flight; cancels them when `signal` or `timeoutMs` ends the patience. Never rejects. */
  shutdown(options?: CloseOptions): Promise<void>;
  /** Cancels all calls at once. */
  forceShutdown(): void;
}

/** Both protocols carry as much in one message. */
const messageLimits = {
  'grpc.max_receive_message_length': maxFramePayloadBytes,
  'grpc.max_send_message_length': maxFramePayloadBytes,
};

/**
 * Makes a gRPC server for implementations of ttRPC services.
 *
 * Statuses, their details, metadata, deadlines and cancellation reach handlers and clients as they do over ttRPC. The
 * context of a call has gRPC's `header` and `trailer` in addition, and a `peer` in gRPC's words.
 * @throws {@link GrpcGatewayError} `invalid_argument`
 */
export function createGrpcGateway(options: GrpcGatewayOptions): GrpcGateway {
  const { services, descriptorSets = [] } = options;
  checkServices(services);
  let server: Server = createServer(messageLimits).use(statusDetailsMiddleware);
  for (const middleware of options.middleware ?? []) server = server.use(middleware);
  for (const { definition, implementation } of services) addService(server, definition, implementation);
  const names = services.map(({ definition }) => definition.fullName);
  const health = HealthState();
  for (const name of names) health.setStatus('healthy', name);
  server.add(HealthDefinition, HealthServiceImpl(health));
  if (descriptorSets.length > 0) addReflection(server, descriptorSets, names);
  return new NiceGateway(server, health, new Set(names));
}

class NiceGateway implements GrpcGateway {
  readonly #server: Server;
  readonly #health: HealthState;
  readonly #names: ReadonlySet<string>;
  #state: 'new' | 'listening' | 'over' = 'new';

  constructor(server: Server, health: HealthState, names: ReadonlySet<string>) {
    this.#server = server;
    this.#health = health;
    this.#names = names;
  }

  async listen(where: Address | string): Promise<number> {
    const target = grpcTarget(where);
    if (this.#state !== 'new') {
      throw new GrpcGatewayError('invalid_state', `gateway is ${this.#state} and cannot listen`);
    }
    this.#state = 'listening';
    try {
      const port = await this.#server.listen(target);
      return target.startsWith('unix:') ? 0 : port;
    } catch (cause) {
      this.#state = 'new';
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new GrpcGatewayError('listen_failed', `cannot listen on ${target}: ${why}`, { cause });
    }
  }

  setHealthy(service: string, healthy: boolean): void {
    if (!this.#names.has(service)) {
      throw new GrpcGatewayError('invalid_argument', `service ${service} is not served`);
    }
    this.#health.setStatus(healthy ? 'healthy' : 'unhealthy', service);
  }

  async shutdown({ signal, timeoutMs }: CloseOptions = {}): Promise<void> {
    this.#state = 'over';
    const force = (): void => this.#server.forceShutdown();
    const timer = timeoutMs === undefined ? undefined : setTimeout(force, timeoutMs);
    if (signal?.aborted === true) force();
    signal?.addEventListener('abort', force, { once: true });
    try {
      // It rejects only when nothing was ever bound.
      await this.#server.shutdown().catch(() => undefined);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', force);
    }
  }

  forceShutdown(): void {
    this.#state = 'over';
    this.#server.forceShutdown();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const over = this.shutdown();
    this.#server.forceShutdown();
    await over;
  }
}

/** The definitions are the same objects; only nice-grpc's types cannot follow an implementation whose type was given up. */
function addService(server: Server, definition: object, implementation: object): void {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- a definition of ts-proto is nice-grpc's TsProtoServiceDefinition; checkServices has seen that all methods are there
  server.add(definition as never, implementation as never);
}
