// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { CloseOptions, CloseReason } from '../connection/close-reason.ts';
import { settleWithin } from '../connection/graceful-close.ts';
import type { ConnectionLimits } from '../limits.ts';
import { resolveLimits } from '../limits.ts';
import { createMemoryPair } from '../transport/memory-pair.ts';
import type { Listener } from '../transport/listener.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import { ProxyClient } from './proxy-client.ts';
import { ProxyUpstream } from './proxy-upstream.ts';

/** The named bounds of a proxy. */
export interface ProxyLimits {
  /** Clients connected at once; more are closed on arrival. Default 1024. */
  readonly maxClients: number;
  /** Calls open at once upstream, all clients together; more are answered RESOURCE_EXHAUSTED. Default 65,536. */
  readonly maxConcurrentStreams: number;
  /**
   * Bytes that may wait for one client to read them. A client that falls further behind is disconnected: upstream is
   * shared, so it is never held up for one of them. Default 16 MiB.
   */
  readonly clientQueueBytes: number;
  /** Bytes waiting to be written upstream above which clients are not read. Default 1 MiB. */
  readonly upstreamQueueBytes: number;
}

/** What {@link createProxy} is made of. */
export interface ProxyOptions {
  /** The byte stream to the one server; the proxy owns it from now on. */
  readonly upstream: Duplex;
  /** Where clients come from; closed with the proxy. More clients can be given to {@link Proxy.serve}. */
  readonly listener?: Listener;
  /** Bounds that differ from the defaults. */
  readonly limits?: Partial<ProxyLimits>;
  /** Whether calls that clients gave up are cancelled upstream; see `ChannelOptions.cancelFrames`. Default `true`. */
  readonly cancelFrames?: boolean;
}

/**
 * Many clients on one upstream connection. Frames pass as they are, only stream ids are exchanged, so all call shapes,
 * metadata, statuses and cancels go through; nothing is decoded.
 */
export interface Proxy extends AsyncDisposable {
  /** Resolves, never rejects, with the reason why the upstream connection is over. */
  readonly closed: Promise<CloseReason>;
  /** Clients connected. */
  readonly clientCount: number;
  /** Calls open upstream. */
  readonly activeCalls: number;
  /** Serves one more client; the proxy owns the stream from now on. Closed at once when the proxy is closed or full. */
  serve(stream: Duplex): void;
  /** A client's end within this process, ready for `createChannel`. */
  stream(): Duplex;
  /** Takes no new clients and calls, waits for calls in flight, then ends all connections. Never rejects. */
  close(options?: CloseOptions): Promise<void>;
  /** Ends all connections at once. */
  abort(error?: TtrpcError): void;
}

const defaultProxyLimits: ProxyLimits = {
  maxClients: 1024,
  maxConcurrentStreams: 65_536,
  clientQueueBytes: 16 * 1024 * 1024,
  upstreamQueueBytes: 1024 * 1024,
};

/**
 * Starts a proxy. When upstream ends, calls in flight are answered UNAVAILABLE and all clients are disconnected.
 * @throws TtrpcError `invalid_argument` for an impossible limit.
 */
export function createProxy(options: ProxyOptions): Proxy {
  const { listener } = options;
  const limits = { ...defaultProxyLimits, ...options.limits };
  const upstreamLimits = resolveLimits({
    maxConcurrentStreams: limits.maxConcurrentStreams,
    sendQueueBytes: limits.upstreamQueueBytes,
  });
  const clientLimits: ConnectionLimits = resolveLimits({ sendQueueBytes: limits.clientQueueBytes });
  const clients = new Set<ProxyClient>();
  const upstream = new ProxyUpstream(options.upstream, upstreamLimits, options.cancelFrames ?? true, () => {
    void listener?.close();
    for (const client of [...clients]) client.end();
  });
  const proxy: Proxy = {
    closed: upstream.closed,
    get clientCount() {
      return clients.size;
    },
    get activeCalls() {
      return upstream.activeCalls;
    },
    serve(stream) {
      if (upstream.over || clients.size >= limits.maxClients) {
        stream.destroy();
        return;
      }
      const client = new ProxyClient(stream, clientLimits, upstream);
      clients.add(client);
      void client.closed.then(() => clients.delete(client));
    },
    stream() {
      const [near, far] = createMemoryPair();
      proxy.serve(far);
      return near;
    },
    async close(closeOptions = {}) {
      const listenerClosed = listener?.close();
      upstream.drain();
      await settleWithin(upstream.closed, closeOptions, (why) =>
        upstream.abort(new TtrpcError('aborted', `proxy was closed before its calls had ended: ${why}`)),
      );
      await Promise.all([listenerClosed, ...[...clients].map((client) => client.closed)]);
    },
    abort(error = new TtrpcError('aborted', 'proxy was aborted')) {
      upstream.abort(error);
    },
    async [Symbol.asyncDispose]() {
      upstream.abort(new TtrpcError('aborted', 'proxy was disposed'));
      await Promise.all([upstream.closed, listener?.close(), ...[...clients].map((client) => client.closed)]);
    },
  };
  listener?.onConnection((stream) => proxy.serve(stream));
  return proxy;
}
