// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ScriptResult } from '@hako/agent-server/testing';

/** Name of the serial port at which the shell of the test initramfs listens. */
export const shellPortName = 'hako.test.shell';

/** A shell in a guest, beside the agent and independent of it. */
export interface GuestShell extends Disposable {
  /** Runs a script in the agent's namespaces and root directory, after those asked for before. */
  run(script: string): Promise<ScriptResult>;
}

const answerForm = /^(?<number>\d+) (?<code>\d+) (?<stdout>\S+) (?<stderr>\S+)$/;

function decode(text: string | undefined): string {
  return text === undefined || text === '=' ? '' : Buffer.from(text, 'base64').toString();
}

/** Speaks with the shell of a guest whose port QEMU offers at a socket. */
export async function connectGuestShell(socketPath: string): Promise<GuestShell> {
  const socket: Socket = connect(socketPath);
  await once(socket, 'connect');
  const waiting = new Map<string, PromiseWithResolvers<ScriptResult>>();
  let nextNumber = 1;
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: Buffer | string) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { number = '', code, stdout, stderr } = answerForm.exec(line)?.groups ?? {};
      waiting
        .get(number)
        ?.resolve({ exitCode: Number(code), stdout: decode(stdout), stderr: decode(stderr) });
      waiting.delete(number);
    }
  });
  const fail = (cause?: unknown): void => {
    for (const { reject } of waiting.values()) reject(new Error('the guest has gone', { cause }));
    waiting.clear();
  };
  socket.on('error', fail);
  socket.on('close', () => fail());
  return {
    run(script) {
      if (socket.destroyed) return Promise.reject(new Error('the guest has gone'));
      const answer = Promise.withResolvers<ScriptResult>();
      const number = String(nextNumber);
      nextNumber += 1;
      waiting.set(number, answer);
      socket.write(`${number} ${Buffer.from(script).toString('base64')}\n`);
      return answer.promise;
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
