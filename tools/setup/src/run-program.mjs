// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';

/** How many bytes of a program's output are kept for an error message. */
const keptOutputBytes = 64 * 1024;

/**
 * @typedef {object} ProgramResult
 * @property {number} code - Exit code; 127 when the program does not exist, 128 + n when a signal ended it.
 * @property {string} stdout
 * @property {string} output - The end of standard output and standard error together.
 */

/**
 * Runs a program to its end without a shell, with no standard input.
 *
 * @param {string} program
 * @param {readonly string[]} programArguments
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void }} [options] - `onLine` gets every
 *   line the program prints, for progress.
 * @returns {Promise<ProgramResult>}
 */
export function runProgram(program, programArguments, { cwd, env = process.env, onLine } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, programArguments, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    /** @param {string} text */
    const collect = (text) => {
      output = (output + text).slice(-keptOutputBytes);
      const line = text
        .trimEnd()
        .split(/[\r\n]/)
        .at(-1);
      if (line) onLine?.(line);
    };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      collect(text);
    });
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', (error) => resolve({ code: 127, stdout, output: String(error.message) }));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? (signal === null ? 1 : 128), stdout, output }),
    );
  });
}

/** The line of a program's output that says most about its failure. @param {ProgramResult} result */
export function failureLine(result) {
  const lines = result.output
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) /, 'error ').trim())
    .filter((line) => line !== '' && line !== 'error' && !/^error (code|errno|syscall) /.test(line));
  return lines.find((line) => /^(E:|error)/i.test(line)) ?? lines.at(-1) ?? `exit code ${result.code}`;
}
