// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { temporaryDirectory } from '@hako/sandbox/testing';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const results = fileURLToPath(new URL('../../../../test-results/consoles', import.meta.url));

/** An owner in the background takes its last directory away after it has said that it ends. */
const settleMs = 10_000;
const settleStepMs = 50;

/** How a run of the real program ended. */
export interface RealRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the real program that goes on. */
export interface StartedRun {
  readonly child: ChildProcess;
  readonly finished: Promise<RealRun>;
}

/** The real program with real machines, in a run directory of its own. */
export interface RealHako extends AsyncDisposable {
  /** Base of its run directories. */
  readonly runRoot: string;
  /** A directory for the test's files. */
  readonly directory: string;
  /** Starts the program. */
  start(words: readonly string[], input?: string): StartedRun;
  /** Runs the program to its end. */
  run(...words: string[]): Promise<RealRun>;
  /** Removes a sandbox when the test leaves its scope, also when the test fails. */
  endOf(name: string): AsyncDisposable;
  /**
   * What stays of its machines: processes, mounts, directories, control groups.
   * @param kept what is to stay. Default: nothing
   */
  leftovers(kept?: readonly string[]): Promise<readonly string[]>;
}

/**
 * Sets up a place for real runs. Consoles of the guests are kept under `test-results/consoles`.
 * @param name names the consoles' directory
 */
export async function realHako(name: string): Promise<RealHako> {
  const temporary = await temporaryDirectory();
  const runRoot = join(temporary.path, 'run');
  const consoles = join(results, name);
  await mkdir(consoles, { recursive: true });
  const before = await hostTraces(temporary.path);
  const env = { ...process.env, HAKO_RUN_DIR: runRoot, HAKO_CONSOLE_DIR: consoles };
  const start = (words: readonly string[], input?: string): StartedRun => {
    const child = spawn(process.execPath, ['--conditions=@hako/source', main, ...words], {
      env,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    // One that fails early does not read it.
    child.stdin?.on('error', () => undefined).end(input);
    const collect = async (): Promise<RealRun> => {
      const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return { exitCode: child.exitCode, stdout, stderr };
    };
    return { child, finished: collect() };
  };
  const run = (...words: string[]): Promise<RealRun> => start(words).finished;
  return {
    runRoot,
    directory: temporary.path,
    start,
    run,
    endOf: (name) => ({
      [Symbol.asyncDispose]: async () => {
        await run('rm', '-f', name);
      },
    }),
    async leftovers(kept = []) {
      const deadlineMs = Date.now() + settleMs;
      for (;;) {
        const now = await hostTraces(temporary.path);
        const left = now.filter((trace) => !before.includes(trace) && !kept.includes(trace));
        if (left.length === 0 || Date.now() > deadlineMs) return left;
        await delay(settleStepMs);
      }
    },
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

/**
 * The texts of guest consoles that tell of a crash of the guest kernel.
 * @param name as given to {@link realHako}
 */
export async function crashedConsoles(name: string): Promise<readonly string[]> {
  const directory = join(results, name);
  const files = await readdir(directory).catch(() => []);
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
  return files.filter((_, index) =>
    /Kernel panic|Oops:|BUG: |general protection fault/.test(texts[index] ?? ''),
  );
}

/** A control group of a sandbox, or one named after its programs; those of tests of the agent come and go beside it. */
const sandboxGroup = /(?:^|\/)hako(?:\/|$)|qemu|virtiofs/i;

/** Everything on this machine that mentions a directory, and all control groups of sandboxes. */
async function hostTraces(directory: string): Promise<readonly string[]> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .filter((line) => line.includes(directory));
  const runs = (await readdir(join(directory, 'run')).catch(() => [])).map((entry) => `directory ${entry}`);
  const groups = await readdir('/sys/fs/cgroup', { recursive: true }).catch(() => []);
  const named = groups.filter((group) => sandboxGroup.test(group)).map((group) => `control group ${group}`);
  return [...mounts.map((line) => `mount ${line}`), ...runs, ...named, ...(await processesNaming(directory))];
}

async function processesNaming(directory: string): Promise<readonly string[]> {
  const ids = (await readdir('/proc')).filter(
    (entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid,
  );
  const lines = await Promise.all(
    ids.map(async (id) => {
      const words = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
      return words.includes(directory) ? [`process ${id}: ${words.split('\0').slice(0, 2).join(' ')}`] : [];
    }),
  );
  return lines.flat();
}

function textOf(stream: Readable | null): Promise<string> {
  return stream === null ? Promise.resolve('') : text(stream);
}
