// SPDX-License-Identifier: Apache-2.0
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Program } from './programs/program.ts';

/** Characters of standard error that are kept for messages. */
const stderrTail = 4096;

/** How long a program may take to end after its standard input has, before it is killed. */
const graceMs = 5000;

/** A child that is spoken to in lines. It ends with its standard input; disposing it waits for that. */
export class LineProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #description: string;
  #stderr = '';

  /** Resolves with a description, never rejects, when the process is gone and its last line has been reported. */
  readonly exited: Promise<string>;

  constructor(program: Program, args: readonly string[], onLine: (line: string) => void) {
    this.#description = `${program.name} ${args[0] ?? ''}`;
    this.#child = spawn(program.command, [...program.args, ...args], { stdio: 'pipe' });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrTail);
    });
    // A program that is gone cannot be written to; `exited` tells that better than EPIPE does.
    this.#child.stdin.on('error', () => undefined);
    createInterface({ input: this.#child.stdout }).on('line', onLine);
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) =>
        resolve(`${this.#description} cannot be started: ${error.message}`),
      );
      this.#child.once('close', (code, signal) =>
        resolve(`${this.#description} ended with ${code ?? signal ?? 'nothing'}: ${this.#stderr.trim()}`),
      );
    });
  }

  /** Process id; `undefined` when the program could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(killing);
  }
}
