// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FakeHypervisor, type FakeGuestScript } from '@hako/hypervisor/testing';

import type { HostNumaNode } from '../resources/numa/host-numa-node.ts';
import type { SandboxComponents } from '../sandbox-components.ts';
import type { ShareRequest } from '../share/file-share.ts';
import { FakeDoor } from './fake-door.ts';
import { FakeFileShare, type FakeShareStep } from './fake-file-share.ts';
import { FakeGuestAgent, type FakeGuestAgentOptions } from './fake-guest-agent.ts';

/** A step of a sandbox's making that a test can look at or make fail. */
export type FakeStep =
  'locateAssets' | 'startFileShare' | 'adoptFileShare' | FakeShareStep | 'connect' | 'serve';

/** What happens in a sandbox made of fakes. */
export interface FakeSandboxOptions extends FakeGuestAgentOptions {
  /** What the virtual machine does; default: it boots. */
  readonly script?: FakeGuestScript;
  /** NUMA nodes of the host; default: one with two CPUs. */
  readonly hostNodes?: readonly HostNumaNode[];
  /** Called at each step; a rejection is the step's failure. */
  readonly onStep?: (step: FakeStep) => Promise<void> | void;
}

/** Fakes for a whole sandbox, and what they recorded. */
export interface FakeSandbox {
  /** To be given to `createSandbox`. */
  readonly components: Partial<SandboxComponents>;
  readonly hypervisor: FakeHypervisor;
  readonly agent: FakeGuestAgent;
  /** What is shared at present, by name. */
  readonly shares: ReadonlyMap<string, ShareRequest>;
  /** CPUs that threads of the machine were bound to, binding by binding. */
  readonly bound: readonly (readonly number[])[];
  /** The steps in order. */
  readonly steps: readonly FakeStep[];
  /** Ends the file sharing as a crash would. */
  crashFileShare(): void;
}

/**
 * Makes everything a sandbox needs out of memory; only its run directory is real.
 * @param directory an existing directory for the files that the fakes boot
 * @param options what shall happen
 */
export async function fakeSandbox(directory: string, options: FakeSandboxOptions = {}): Promise<FakeSandbox> {
  const kernelPath = join(directory, 'kernel');
  await writeFile(kernelPath, 'kernel');
  const steps: FakeStep[] = [];
  const agent = new FakeGuestAgent(options);
  const hypervisor = new FakeHypervisor(options.script === undefined ? {} : { script: options.script });
  const step = async (name: FakeStep): Promise<void> => {
    steps.push(name);
    await options.onStep?.(name);
  };
  const hostNodes = options.hostNodes ?? [{ id: 0, cpus: [0, 1], memoryMib: 8192, distances: [10] }];
  const bound: (readonly number[])[] = [];
  const shares = new Map<string, ShareRequest>();
  const newShare = () => new FakeFileShare({ requests: shares, before: step });
  let share = newShare();
  return {
    components: {
      hypervisor,
      locateAssets: async () => {
        await step('locateAssets');
        return { kernelPath, initrdPath: kernelPath, imageFstype: 'erofs' };
      },
      startFileShare: async () => {
        await step('startFileShare');
        share = newShare();
        return share;
      },
      joinFileShare: () =>
        Promise.resolve({
          add: (requests, signal) => share.add(requests, signal),
          remove: (names) => share.remove(names),
          [Symbol.asyncDispose]: () => Promise.resolve(),
        }),
      adoptFileShare: async () => {
        await step('adoptFileShare');
        return share;
      },
      readHostNodes: () => Promise.resolve(hostNodes),
      bindThread: (_threadId, cpus) => {
        bound.push(cpus);
        return Promise.resolve();
      },
      connectAgent: (stream) => {
        steps.push('connect');
        const door = new FakeDoor();
        return {
          agent,
          serve: async (socketPath) => {
            await step('serve');
            await door.open(socketPath);
          },
          close: async () => {
            await door.close();
            stream.destroy();
          },
        };
      },
    },
    hypervisor,
    agent,
    shares,
    bound,
    steps,
    crashFileShare: () => share.crash('crashed'),
  };
}
