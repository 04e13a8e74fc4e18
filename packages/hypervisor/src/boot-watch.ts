// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { openDeadline } from './deadline.ts';
import { HypervisorError } from './hypervisor-error.ts';
import { lastPrintableLine } from './printable-line.ts';
import type { AgentProbe, WaitOptions } from './virtual-machine.ts';
import type { VmExit } from './vm-exit.ts';

const defaultTimeoutMs = 30_000;
const firstRetryMs = 10;
const maximumRetryMs = 200;

/** What a driver shows the boot watch of its VM. */
export interface WatchedVm {
  readonly id: string;
  readonly exited: Promise<VmExit>;
  /** Fulfils with the console tail once the guest kernel has panicked, whether or not the VM ends then. */
  readonly panicked: Promise<string>;
  consoleTail(): string;
}

/**
 * Waits for the agent of a booting VM and says which of the three failures it was; see
 * {@link VirtualMachine.waitForAgent}, whose contract this implements for every driver.
 */
export async function watchBoot<T>(
  vm: WatchedVm,
  probe: AgentProbe<T>,
  options: WaitOptions = {},
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  using deadline = openDeadline(`waiting for the agent of vm ${vm.id}`, options, timeoutMs);
  const over = new AbortController();
  let lastRejection: unknown;

  const answered = (async () => {
    const signal = AbortSignal.any([deadline.signal, over.signal]);
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(delayMs * 2, maximumRetryMs)) {
      try {
        return await probe(signal);
      } catch (error) {
        signal.throwIfAborted();
        lastRejection = error;
      }
      await sleep(delayMs, undefined, { signal });
    }
  })();
  answered.catch(() => undefined);

  try {
    return await deadline.race(
      Promise.race([
        answered,
        vm.exited.then((exit) => Promise.reject(exitError(vm.id, exit))),
        vm.panicked.then((consoleTail) => Promise.reject(panicError(vm.id, consoleTail))),
      ]),
    );
  } catch (error) {
    if (HypervisorError.is(error) && error === deadline.signal.reason && error.code === 'timeout') {
      throw silentError(vm, timeoutMs, lastRejection);
    }
    throw error;
  } finally {
    over.abort();
  }
}

function exitError(id: string, exit: VmExit): HypervisorError {
  if (exit.reason === 'guest_panicked') return panicError(id, exit.consoleTail, exit);
  const status = exit.signal === null ? `status ${exit.exitCode ?? 'unknown'}` : exit.signal;
  const why = {
    guest_shutdown: 'the guest powered off',
    guest_reset: 'the guest rebooted',
    stopped: 'it was stopped',
  };
  const words: Partial<Record<string, string>> = why;
  const text = words[exit.reason] ?? lastPrintableLine(exit.stderrTail);
  return new HypervisorError(
    'vmm_exited',
    `vm ${id} ended with ${status} before its agent answered${text === '' ? '' : `: ${text}`}`,
    { operand: id, exit, stderrTail: exit.stderrTail, consoleTail: exit.consoleTail },
  );
}

function panicError(id: string, consoleTail: string, exit?: VmExit): HypervisorError {
  const line = /Kernel panic - not syncing[^\r\n]*/.exec(consoleTail)?.[0] ?? '';
  return new HypervisorError(
    'guest_panicked',
    `guest kernel of vm ${id} panicked: ${lastPrintableLine(line)}`,
    {
      operand: id,
      consoleTail,
      ...(exit && { exit, stderrTail: exit.stderrTail }),
    },
  );
}

function silentError(vm: WatchedVm, timeoutMs: number, cause: unknown): HypervisorError {
  const consoleTail = vm.consoleTail();
  const last = lastPrintableLine(consoleTail);
  return new HypervisorError(
    'agent_silent',
    `agent of vm ${vm.id} did not answer within ${timeoutMs} ms${last === '' ? '' : `; last console line: ${last}`}`,
    { operand: vm.id, consoleTail, cause, remedy: 'look into the console log of the vm' },
  );
}
