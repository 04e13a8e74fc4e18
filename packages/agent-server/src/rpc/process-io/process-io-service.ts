// SPDX-License-Identifier: Apache-2.0
import type { AttachRequest, ProcessIOServiceImplementation } from '@hako/protocols/process-io';
import { ServerError, Status } from 'nice-grpc-common';
import { exitCodeOf } from '../../process/process-io.ts';
import { answerToError } from '../error-answer.ts';
import type { RpcGate } from '../gate.ts';
import type { RpcCall, RpcContext } from '../rpc-context.ts';
import type { Answer, AttachedProcess } from './attached-process.ts';
import { serveRequests, type OutputCredit } from './attachment-requests.ts';
import { ByteCredit } from './byte-credit.ts';
import { Outbox } from './outbox.ts';
import { PortRoad } from './port-road.ts';
import { pumpOutput } from './pump-output.ts';
import { stdinWindowBytes } from './stdin-line.ts';

/**
 * The extension `hako.agent.v1.ProcessIO`: one stream per process in place of reads, writes and a wait.
 *
 * It is no way around the gate: attaching passes it as WaitProcess, and each message as the call of the agent's service
 * that it stands for.
 */
export function createProcessIoService(context: RpcContext, gate: RpcGate): ProcessIOServiceImplementation {
  const { logger } = context.components;
  return {
    async *attach(requests, call) {
      const iterator = requests[Symbol.asyncIterator]();
      try {
        for await (const content of attach(context, gate, iterator, call)) yield { content };
      } catch (error) {
        if (call.signal.aborted) throw error;
        throw answerToError(error, { method: 'waitProcess', wireName: 'Attach' }, logger);
      }
    },
  };
}

async function* attach(
  context: RpcContext,
  gate: RpcGate,
  requests: AsyncIterator<AttachRequest>,
  call: RpcCall,
): AsyncGenerator<Answer, void, undefined> {
  const first = await requests.next();
  const content = first.done === true ? undefined : first.value.content;
  if (content?.$case !== 'process')
    throw new ServerError(Status.INVALID_ARGUMENT, 'the first message names no process');
  const name = content.value;
  await gate({ method: 'waitProcess', request: name });
  const container = context.sandbox.containers.get(name.containerId);
  const process = container.process(name.execId);
  yield { $case: 'attached', value: { terminal: process.hasTerminal } };
  yield { $case: 'stdinCredit', value: stdinWindowBytes };

  const over = new AbortController();
  const signal = AbortSignal.any([call.signal, over.signal]);
  const outbox = new Outbox<Answer>(signal);
  const port = new PortRoad(context.outputPorts, context.components.logger);
  const work = serve(
    { context, gate, name, container, process, outbox, port, call: { signal, metadata: call.metadata } },
    requests,
  );
  const failed = work.then(
    () => outbox.close(),
    (error: unknown) => over.abort(error),
  );
  try {
    yield* outbox.messages();
  } finally {
    over.abort();
    await failed;
  }
}

/** Everything that happens on the stream, until the client has been told the exit and answered. */
async function serve(attached: AttachedProcess, requests: AsyncIterator<AttachRequest>): Promise<void> {
  const { container, process, outbox } = attached;
  const credit: OutputCredit = { stdout: new ByteCredit(), stderr: new ByteCredit() };
  const end = serveRequests(attached, requests, credit);
  const failure = end.then(() => new Promise<never>(() => undefined));
  await Promise.race([
    failure,
    (async () => {
      await Promise.all([
        pumpOutput(attached, 'stdout', credit.stdout),
        process.hasTerminal
          ? outbox.send({ $case: 'stderrEnd', value: {} })
          : pumpOutput(attached, 'stderr', credit.stderr),
      ]);
      await outbox.send({ $case: 'exit', value: exitCodeOf(await process.exited) });
    })(),
  ]);
  if ((await end) === 'release') container.forget(process);
}
