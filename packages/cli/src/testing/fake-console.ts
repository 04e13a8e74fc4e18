// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from 'node:stream';

import {
  fakeSandbox,
  temporaryDirectory,
  type FakeSandbox,
  type FakeSandboxOptions,
} from '@hako/sandbox/testing';

import type { CliComponents } from '../cli-components.ts';
import type { EndSignal } from '../console-streams.ts';
import { runCli } from '../run-cli.ts';

/** The program in a world of fakes: nothing is real but its directories. */
export interface FakeConsole extends AsyncDisposable {
  readonly sandbox: FakeSandbox;
  /** A directory for the test's files; also the base of run directories and cache. */
  readonly directory: string;
  readonly stdin: PassThrough;
  /** Runs the program with these words. */
  run(...words: string[]): Promise<{ exitCode: number; stdout: Buffer; stderr: string }>;
  /** Sends the program a signal. */
  signal(name: EndSignal): void;
}

/**
 * Sets the world up. The environment of the process points to it until it is disposed of.
 * @param options what sandboxes do
 */
export async function fakeConsole(options: FakeSandboxOptions = {}): Promise<FakeConsole> {
  const temporary = await temporaryDirectory();
  const sandbox = await fakeSandbox(temporary.path, options);
  const handlers = new Map<EndSignal, Set<() => void>>();
  const stdin = new PassThrough();
  const before = { run: process.env['HAKO_RUN_DIR'], cache: process.env['HAKO_CACHE_DIR'] };
  process.env['HAKO_RUN_DIR'] = `${temporary.path}/run`;
  process.env['HAKO_CACHE_DIR'] = `${temporary.path}/cache`;
  return {
    sandbox,
    directory: temporary.path,
    stdin,
    async run(...words) {
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      const components: CliComponents = {
        env: { FROM_HERE: 'ours' },
        stdin,
        stdout: new PassThrough().on('data', (data: Buffer) => stdout.push(data)),
        stderr: new PassThrough().on('data', (data: Buffer) => stderr.push(data)),
        onSignal: (name, handler) => {
          const known = handlers.get(name) ?? new Set();
          handlers.set(name, known.add(handler));
          return () => known.delete(handler);
        },
        sandbox: sandbox.components,
        self: ['false'],
      };
      const exitCode = await runCli(words, components);
      await new Promise(setImmediate);
      return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
    },
    signal(name) {
      for (const handler of handlers.get(name) ?? []) handler();
    },
    async [Symbol.asyncDispose]() {
      restore('HAKO_RUN_DIR', before.run);
      restore('HAKO_CACHE_DIR', before.cache);
      await temporary[Symbol.asyncDispose]();
    },
  };
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}
