// SPDX-License-Identifier: Apache-2.0
import { GRPC_API_VERSION } from '@hako/protocols';
import { AgentServiceDefinition, type AgentServiceImplementation } from '@hako/protocols/agent';
import { HealthCheckResponse_ServingStatus, HealthDefinition } from '@hako/protocols/health';
import { ProcessIODefinition } from '@hako/protocols/process-io';
import { createMemoryPair, createServer, type Server } from '@hako/ttrpc';
import { ServerError, Status, type CallContext } from 'nice-grpc-common';
import type { Duplex } from 'node:stream';
import type { AgentDialer } from '../dial-agent.ts';
import { fakeProcessIo } from './fake-process-io.ts';
import { FakeGuest, type FakeProgram } from './fake-guest.ts';
import type { FakeProcess } from './fake-process.ts';

/** Names of the agent's methods, and of those of its health service and its extension. Attaching is recorded, no more. */
export type FakeMethod = keyof AgentServiceImplementation | 'check' | 'version' | 'attach';

/** A call that arrived. */
export interface RecordedCall {
  readonly method: FakeMethod;
  readonly request: unknown;
}

/** Answers a call in place of the fake's own behaviour. */
export type FakeHandler = (request: unknown, context: CallContext) => Promise<object>;

/** An agent without a guest, in this process. */
export interface FakeAgent extends AsyncDisposable {
  /** Everything that was asked of it, in order of arrival. */
  readonly calls: readonly RecordedCall[];
  /** Ids of the containers that exist. */
  readonly containerIds: readonly string[];
  /** Connects to it through memory. */
  readonly dial: AgentDialer;
  /** Serves a connected byte stream, such as one end of a socket pair. */
  serve(stream: Duplex): void;
  /** A process, to write output or end it by hand. Throws when there is none. */
  process(containerId: string, execId?: string): FakeProcess;
  /** Answers a method by `handler` from now on, for all calls or the next `times`. */
  intercept(method: FakeMethod, handler: FakeHandler, times?: number): void;
  /** Lets a method fail with a status, for all calls or the next `times`. */
  fail(method: FakeMethod, status: Status, text: string, times?: number): void;
  /** Leaves calls of a method unanswered until they are cancelled, as a stuck guest does. */
  hang(method: FakeMethod): void;
  /** Breaks all connections, as a virtual machine does that is killed. New connections are refused. */
  crash(): void;
}

/** What the fake's processes do. */
export interface FakeAgentOptions {
  /** Run for each process that is started. Default: exits with 0 at once. */
  readonly program?: FakeProgram;
  /** Whether it has the extension `hako.agent.v1.ProcessIO`. Default: no, like Kata's agent. */
  readonly processIo?: boolean;
}

interface Interception {
  readonly handler: FakeHandler;
  left: number;
}

const agentMethods = Object.keys(AgentServiceDefinition.methods);

function unanswered(_request: unknown, { signal }: CallContext): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new ServerError(Status.CANCELLED, 'given up'));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return promise;
}

/** Makes an agent whose containers run the program of a test. Methods it has no behaviour for are UNIMPLEMENTED. */
export function createFakeAgent(options: FakeAgentOptions = {}): FakeAgent {
  const guest = new FakeGuest(options.program ?? (() => 0));
  const calls: RecordedCall[] = [];
  const interceptions = new Map<FakeMethod, Interception>();
  let crashed = false;

  const health = {
    check: () => Promise.resolve({ status: HealthCheckResponse_ServingStatus.SERVING }),
    version: () => Promise.resolve({ grpcVersion: GRPC_API_VERSION, agentVersion: 'fake' }),
  };
  const ownBehaviour: Readonly<Record<string, unknown>> = { ...guest.methods, ...health };

  const answer = (method: FakeMethod, request: unknown, context: CallContext): unknown => {
    calls.push({ method, request });
    const interception = interceptions.get(method);
    if (interception !== undefined && interception.left > 0) {
      interception.left -= 1;
      return interception.handler(request, context);
    }
    const own = ownBehaviour[method];
    if (typeof own === 'function') return Reflect.apply(own, guest, [request, context]);
    throw new ServerError(Status.UNIMPLEMENTED, `${method} is not part of the fake`);
  };

  const implementation = Object.fromEntries(
    agentMethods.map((name) => [
      name,
      async (request: unknown, context: CallContext) =>
        // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the names come from the definition
        await answer(name as FakeMethod, request, context),
    ]),
  );
  const server: Server = createServer();
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- one function per method of the definition, each passing messages through
  server.add(AgentServiceDefinition, implementation as unknown as AgentServiceImplementation);
  server.add(HealthDefinition, {
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- an interception answers for the method it names
    check: async (request, context) => (await answer('check', request, context)) as object,
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- an interception answers for the method it names
    version: async (request, context) => (await answer('version', request, context)) as object,
  });

  const attached = (containerId: string, execId: string): FakeProcess => {
    calls.push({ method: 'attach', request: { containerId, execId } });
    if (options.processIo === true) return guest.process(containerId, execId);
    throw new ServerError(Status.INVALID_ARGUMENT, `${ProcessIODefinition.fullName} service does not exist`);
  };
  server.add(ProcessIODefinition, fakeProcessIo(attached));

  const intercept = (method: FakeMethod, handler: FakeHandler, times = Infinity): void => {
    interceptions.set(method, { handler, left: times });
  };

  return {
    calls,
    get containerIds() {
      return guest.containerIds;
    },
    dial: ({ signal }) => {
      signal.throwIfAborted();
      if (crashed) return Promise.reject(new Error('fake agent has crashed'));
      const [near, far] = createMemoryPair();
      server.serve(far);
      return Promise.resolve(near);
    },
    serve: (stream) => void server.serve(stream),
    process: (containerId, execId) => guest.process(containerId, execId),
    intercept,
    fail: (method, status, text, times) =>
      intercept(method, () => Promise.reject(new ServerError(status, text)), times),
    hang: (method) => intercept(method, unanswered),
    crash: () => {
      crashed = true;
      server.forceShutdown();
    },
    async [Symbol.asyncDispose]() {
      guest.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}
