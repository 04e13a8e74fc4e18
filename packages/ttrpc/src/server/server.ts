// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { ServerMiddleware } from 'nice-grpc-common';
import { Status } from 'nice-grpc-common';
import type { CloseOptions, CloseReason } from '../connection/close-reason.ts';
import { settleWithin } from '../connection/graceful-close.ts';
import type { MethodDefinition, TtrpcServiceDefinition } from '../definition/service-definition.ts';
import { MessageEncoder } from '../definition/message-encoder.ts';
import { describeMethod } from '../definition/service-definition.ts';
import type { ConnectionLimits } from '../limits.ts';
import { resolveLimits } from '../limits.ts';
import type { Listener } from '../transport/listener.ts';
import { peerOf } from '../transport/peer-name.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { TtrpcCallContext } from './call-context.ts';
import { ServerConnection } from './server-connection.ts';
import type { AnyServerMiddleware, Implementation } from './server-middleware.ts';
import { buildHandler } from './server-middleware.ts';
import type { ServerRoute } from './server-route.ts';
import { RouteTable } from './server-route.ts';
import type { ServiceImplementation } from './server-types.ts';

/** What {@link createServer} may be told. */
export interface ServerOptions {
  /** Bounds that differ from {@link ConnectionLimits}' defaults; they hold for each connection. */
  readonly limits?: Partial<ConnectionLimits>;
  /**
   * What is demanded of stream ids beyond being odd. `unique` (default) refuses only ids in use, as the Rust server does:
   * its client sends requests out of order when it has many. `rising` is the protocol's text, as the Go server enforces
   * it. A stream that is refused is answered INVALID_ARGUMENT; all others go on.
   */
  readonly streamIds?: 'rising' | 'unique';
  /** The answer to a call of an unknown service. Default UNIMPLEMENTED; upstream's Kata agent says INVALID_ARGUMENT. */
  readonly unknownServiceStatus?: Status;
  /**
   * Hears of errors that handlers throw and clients are told nothing about (they get UNKNOWN): everything but
   * `ServerError`. Must not throw. Default: a process warning.
   */
  readonly onHandlerError?: (error: unknown, context: { readonly path: string }) => void;
}

/** One client's connection, as the server sees it. */
export interface Connection extends AsyncDisposable {
  /** Who is at the other end, as handlers see it in `context.peer`. */
  readonly peer: string;
  /** Resolves, never rejects, when the connection is over. */
  readonly closed: Promise<CloseReason>;
  /** Calls being handled. */
  readonly activeCalls: number;
  /** Refuses new calls, waits for those in flight, then ends the byte stream. Never rejects. */
  close(options?: CloseOptions): Promise<void>;
  /** Aborts all handlers and ends the byte stream at once. */
  abort(error?: TtrpcError): void;
}

/** A ttRPC server: services, and any number of connections to them. */
export interface Server<Ext = TtrpcCallContext> extends AsyncDisposable {
  /** The connections that are open. */
  readonly connections: ReadonlySet<Connection>;
  /** Adds middleware inside of that added before, for the services added after. */
  use<NewExt>(middleware: ServerMiddleware<NewExt, Ext>): Server<Ext & NewExt>;
  /**
   * Adds a service.
   * @throws TtrpcError `invalid_argument` when it is there already or the implementation lacks a method.
   */
  add<Definition extends TtrpcServiceDefinition>(
    definition: Definition,
    implementation: ServiceImplementation<Definition, Ext>,
  ): this;
  /** Serves a connected byte stream, which the server owns from now on. After a shutdown the stream is closed at once. */
  serve(stream: Duplex, options?: { readonly peer?: string }): Connection;
  /** Serves every connection the listener accepts. The server closes the listener when it shuts down. */
  listen(listener: Listener): void;
  /**
   * Accepts no more connections and no more calls, waits for calls in flight, then ends all connections. When `signal`
   * or `timeoutMs` cuts the waiting short, the rest is aborted.
   */
  shutdown(options?: CloseOptions): Promise<void>;
  /** Ends everything at once. */
  forceShutdown(): void;
}

/**
 * Makes a server without services.
 * @throws TtrpcError `invalid_argument` for an impossible limit.
 */
export function createServer(options: ServerOptions = {}): Server {
  return new TtrpcServer(options);
}

class TtrpcServer<Ext> implements Server<Ext> {
  readonly connections = new Set<Connection>();
  readonly #settings;
  readonly #routes = new RouteTable();
  readonly #listeners = new Set<Listener>();
  readonly #internals = new Map<Connection, ServerConnection>();
  #middleware: readonly AnyServerMiddleware[] = [];
  #shutDown = false;

  constructor(options: ServerOptions) {
    const { onHandlerError } = options;
    this.#settings = {
      routes: this.#routes,
      encoder: new MessageEncoder(),
      limits: resolveLimits(options.limits),
      streamIds: options.streamIds ?? 'unique',
      unknownServiceStatus: options.unknownServiceStatus ?? Status.UNIMPLEMENTED,
      onHandlerError: (error: unknown, path: string): void => {
        if (onHandlerError === undefined) warnOfHandlerError(error, path);
        else onHandlerError(error, { path });
      },
    };
  }

  use<NewExt>(middleware: ServerMiddleware<NewExt, Ext>): Server<Ext & NewExt> {
    this.#middleware = [...this.#middleware, middleware];
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the same server; only what later services find in their context has grown
    return this as unknown as Server<Ext & NewExt>;
  }

  add<Definition extends TtrpcServiceDefinition>(
    definition: Definition,
    implementation: ServiceImplementation<Definition, Ext>,
  ): this {
    if (this.#routes.hasService(definition.fullName)) {
      throw new TtrpcError('invalid_argument', `service ${definition.fullName} was added before`);
    }
    const routes: [string, ServerRoute][] = [];
    for (const [name, method] of Object.entries<MethodDefinition>(definition.methods)) {
      const descriptor = describeMethod(definition, method);
      const call = bindMethod(implementation, name);
      if (call === undefined) {
        throw new TtrpcError('invalid_argument', `implementation of ${definition.fullName} lacks ${name}`);
      }
      const handler = buildHandler(this.#middleware, descriptor, method, call);
      routes.push([method.name, { descriptor, method, handler }]);
    }
    this.#routes.add(definition.fullName, routes);
    return this;
  }

  serve(stream: Duplex, options: { readonly peer?: string } = {}): Connection {
    const peer = options.peer ?? peerOf(stream);
    const internal = new ServerConnection(stream, peer, this.#settings);
    const connection = publicConnection(internal);
    if (this.#shutDown) {
      internal.abort(new TtrpcError('shutting_down', 'server is shut down'));
      return connection;
    }
    this.connections.add(connection);
    this.#internals.set(connection, internal);
    void internal.closed.then(() => {
      this.connections.delete(connection);
      this.#internals.delete(connection);
    });
    return connection;
  }

  listen(listener: Listener): void {
    if (this.#shutDown) throw new TtrpcError('shutting_down', 'server is shut down');
    this.#listeners.add(listener);
    listener.onConnection((stream) => this.serve(stream));
  }

  async shutdown(options: CloseOptions = {}): Promise<void> {
    this.#shutDown = true;
    const listeners = this.#closeListeners();
    for (const connection of this.#internals.values()) connection.drain();
    const closed = [...this.#internals.values()].map((connection) => connection.closed);
    await settleWithin(Promise.all(closed), options, (why) =>
      this.#abortAll(new TtrpcError('aborted', `server was shut down before its calls had ended: ${why}`)),
    );
    await listeners;
  }

  forceShutdown(): void {
    this.#shutDown = true;
    void this.#closeListeners();
    this.#abortAll(new TtrpcError('aborted', 'server was shut down'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [...this.#internals.values()].map((connection) => connection.closed);
    const listeners = [...this.#listeners];
    this.forceShutdown();
    await Promise.all([...closed, ...listeners.map((listener) => listener.close())]);
  }

  #abortAll(error: TtrpcError): void {
    for (const connection of [...this.#internals.values()]) connection.abort(error);
  }

  async #closeListeners(): Promise<void> {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    await Promise.all(listeners.map((listener) => listener.close()));
  }
}

function publicConnection(connection: ServerConnection): Connection {
  return {
    peer: connection.peer,
    closed: connection.closed,
    get activeCalls() {
      return connection.activeCalls;
    },
    async close(options = {}) {
      connection.drain();
      await settleWithin(connection.closed, options, (why) =>
        connection.abort(
          new TtrpcError('aborted', `connection was closed before its calls had ended: ${why}`),
        ),
      );
    },
    abort(error = new TtrpcError('aborted', 'connection was aborted')) {
      connection.abort(error);
    },
    async [Symbol.asyncDispose]() {
      connection.abort(new TtrpcError('aborted', 'connection was disposed'));
      await connection.closed;
    },
  };
}

function bindMethod(implementation: object, name: string): Implementation | undefined {
  const method: unknown = Reflect.get(implementation, name);
  if (typeof method !== 'function') return undefined;
  return (request, context): unknown => Reflect.apply(method, implementation, [request, context]);
}

function warnOfHandlerError(error: unknown, path: string): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`handler of ${path} failed: ${text}`, 'TtrpcHandlerError');
}
