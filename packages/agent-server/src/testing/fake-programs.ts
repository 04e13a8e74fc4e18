// SPDX-License-Identifier: Apache-2.0
import type { ByteSink } from '../process/process-io.ts';
import type { FakeProcess, FakeProgram } from './fake-process.ts';

const chunkBytes = 65_536;

async function copyInput(process: FakeProcess, output: ByteSink = process.stdout): Promise<void> {
  for (;;) {
    const bytes = await process.stdin.read(chunkBytes);
    if (bytes.length === 0) break;
    await output.write(bytes);
  }
  process.end({ exitCode: 0 });
}

/** Words of `sh -c` that a fake shell understands, one per line of the script. */
const shellWords: readonly (readonly [
  RegExp,
  (process: FakeProcess, match: RegExpExecArray) => Promise<void> | void,
])[] = [
  [/^echo (.*) >&2$/, (process, match) => process.stderr.write(Buffer.from(`${match[1] ?? ''}\n`))],
  [/^echo (.*)$/, (process, match) => process.stdout.write(Buffer.from(`${match[1] ?? ''}\n`))],
  [/^exit (\d+)$/, (process, match) => process.end({ exitCode: Number(match[1]) })],
  [
    /^trap "exit (\d+)" TERM$/,
    (process, match) => process.onSignal(15, () => process.end({ exitCode: Number(match[1]) })),
  ],
  [/^sleep 1000 &$/, (process) => void process.leaveOutputOpen()],
  [/^sleep 1000$/, () => new Promise(() => undefined)],
  [
    /^read x$/,
    async (process) => {
      while (!Buffer.from(await process.stdin.read(1)).equals(Buffer.from('\n')));
    },
  ],
  [
    /^stty size$/,
    (process) => {
      const { rows = 0, columns = 0 } = process.sizes.at(-1) ?? {};
      return process.stdout.write(Buffer.from(`${rows} ${columns}\n`));
    },
  ],
  [/^cat$/, (process) => copyInput(process)],
  [/^cat >&2$/, (process) => copyInput(process, process.stderr)],
  [/^wait$/, () => new Promise(() => undefined)],
];

async function runShell(process: FakeProcess, script: string): Promise<void> {
  for (const line of script.split('\n').map((text) => text.trim())) {
    const word = shellWords.find(([pattern]) => pattern.test(line));
    const match = word?.[0].exec(line);
    if (word === undefined || match === undefined || match === null) throw new Error(`fake shell: ${line}`);
    await word[1](process, match);
    if (process.hasEnded) return;
  }
  process.end({ exitCode: 0 });
}

/** Programs of a fake container, by the first word of a command. They do what BusyBox's do. */
export const fakePrograms: ReadonlyMap<string, FakeProgram> = new Map<string, FakeProgram>([
  ['true', (process) => process.end({ exitCode: 0 })],
  ['cat', (process) => copyInput(process)],
  ['sleep', () => undefined],
  ['sh', (process) => runShell(process, process.args[2] ?? '')],
]);
