// SPDX-License-Identifier: Apache-2.0
import { Refusal_Request, type AttachRequest } from '@hako/protocols/process-io';
import { ServerError, Status } from 'nice-grpc-common';
import { answerToError } from '../error-answer.ts';
import { signalProcess } from '../signal-process.ts';
import { ttyWinResize } from '../tty-win-resize.ts';
import type { AttachedProcess, ProcessCall } from './attached-process.ts';
import type { ByteCredit } from './byte-credit.ts';
import { StdinLine } from './stdin-line.ts';

/** Credit that was given by a client. */
export interface OutputCredit {
  readonly stdout: ByteCredit;
  readonly stderr: ByteCredit;
}

/** How the client's side ended: `release` lets the process be forgotten, `half-close` says that nothing more comes. */
export type RequestsEnd = 'release' | 'half-close';

type Content = NonNullable<AttachRequest['content']>;

function misuse(text: string): ServerError {
  return new ServerError(Status.INVALID_ARGUMENT, text);
}

/**
 * Does what the client asks for, in order, until it sends nothing more.
 *
 * @throws ServerError INVALID_ARGUMENT for what the protocol does not allow
 */
export async function serveRequests(
  attached: AttachedProcess,
  requests: AsyncIterator<AttachRequest>,
  credit: OutputCredit,
): Promise<RequestsEnd> {
  const stdin = new StdinLine(attached, (error, call) =>
    refuse(attached, Refusal_Request.REQUEST_STDIN, call, error),
  );
  for (;;) {
    const next = await requests.next();
    if (next.done === true) return 'half-close';
    const { content } = next.value;
    if (content?.$case === 'release') return 'release';
    // A later client's message that this agent does not know.
    if (content !== undefined) await serveRequest(attached, content, stdin, credit);
  }
}

async function serveRequest(
  attached: AttachedProcess,
  content: Exclude<Content, { $case: 'release' }>,
  stdin: StdinLine,
  credit: OutputCredit,
): Promise<void> {
  const { context, gate, name, call, port } = attached;
  switch (content.$case) {
    case 'process':
      throw misuse('the stream is attached to a process already');
    case 'stdin':
      if (content.value.length === 0) throw misuse('standard input of no bytes');
      if (!stdin.hasRoomFor(content.value.length)) throw misuse('more standard input than there is credit');
      stdin.write(content.value);
      return;
    case 'stdinEnd':
      stdin.end();
      return;
    case 'stdoutCredit':
      credit.stdout.add(content.value);
      return;
    case 'stderrCredit':
      credit.stderr.add(content.value);
      return;
    case 'outputPort':
      port.offer(content.value.name);
      return;
    case 'portReady':
      if (!port.ready(content.value, call.signal))
        throw misuse('a port that was not asked for, or a bad token');
      return;
    case 'resize': {
      const request = { ...name, row: content.value.rows, column: content.value.columns };
      await orRefuse(attached, Refusal_Request.REQUEST_RESIZE, 'ttyWinResize', async () => {
        await gate({ method: 'ttyWinResize', request });
        await ttyWinResize(context)(request, call);
      });
      return;
    }
    case 'signal': {
      const request = { ...name, signal: content.value };
      await orRefuse(attached, Refusal_Request.REQUEST_SIGNAL, 'signalProcess', async () => {
        await gate({ method: 'signalProcess', request });
        await signalProcess(context)(request, call);
      });
    }
  }
}

async function orRefuse(
  attached: AttachedProcess,
  request: Refusal_Request,
  call: ProcessCall,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    attached.call.signal.throwIfAborted();
    await refuse(attached, request, call, error);
  }
}

async function refuse(
  { context, outbox }: AttachedProcess,
  request: Refusal_Request,
  method: ProcessCall,
  error: unknown,
): Promise<void> {
  const { code, details } = answerToError(
    error,
    { method, wireName: `Attach (${method})` },
    context.components.logger,
  );
  await outbox.send({ $case: 'refusal', value: { request, code, message: details } });
}
