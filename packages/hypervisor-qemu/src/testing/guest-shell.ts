// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { VirtualMachine } from '@hako/hypervisor';
import { LineSplitter } from '../qmp/line-splitter.ts';

/** A shell in a test guest that does the job `shell`. */
export interface GuestShell {
  /** Runs a script with busybox and answers with what it wrote, both streams together. Rejects if the script fails. */
  run(script: string): Promise<string>;
  /** Runs a script again and again until it succeeds, and answers with what it wrote then. */
  until(script: string): Promise<string>;
}

const bootTimeoutMs = 60_000;
/** Under emulation on a busy host the guest takes its time. */
const scriptTimeoutMs = 30_000;
const pauseSeconds = 0.05;
const maximumLineBytes = 1024 * 1024;

/** Waits for the guest to boot and connects to its shell. Scripts run one after the other. */
export async function openGuestShell(vm: VirtualMachine): Promise<GuestShell> {
  const stream = await vm.openAgentChannel();
  const splitter = new LineSplitter(maximumLineBytes);
  const ask = async (script: string, signal: AbortSignal): Promise<readonly [number, string]> => {
    stream.write(`${Buffer.from(script).toString('base64')}\n`);
    for (;;) {
      const chunks: readonly unknown[] = await once(stream, 'data', { signal });
      const [chunk] = chunks;
      const [line] = splitter.push(chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk)));
      if (line === undefined) continue;
      const [status, text = ''] = line.split(' ');
      return [Number(status), Buffer.from(text, 'base64').toString().trimEnd()];
    }
  };
  const run = async (script: string, timeoutMs = scriptTimeoutMs): Promise<string> => {
    const [status, output] = await ask(script, AbortSignal.timeout(timeoutMs));
    if (status !== 0) throw new Error(`guest script ended with ${status}: ${script}\n${output}`);
    return output;
  };
  await vm.waitForAgent((signal) => ask('true', signal), { timeoutMs: bootTimeoutMs });
  const attempts = Math.round(scriptTimeoutMs / 1000 / pauseSeconds);
  return {
    run: (script) => run(script),
    until: (script) =>
      run(
        `i=0; until output=$({ ${script}\n} 2>&1); do i=$((i+1)); test $i -gt ${attempts} && exit 1; sleep ${pauseSeconds}; done; echo "$output"`,
        2 * scriptTimeoutMs,
      ),
  };
}
