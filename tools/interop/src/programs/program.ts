// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

/** The implementations of ttRPC in the matrix. `hako` is @hako/ttrpc. */
export const implementations = ['go', 'rust', 'hako'] as const;

/** One of {@link implementations}. */
export type Implementation = (typeof implementations)[number];

/** How to start a program that has the commands `serve` and `drive`. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * The Rust program on one thread. On several, the `ttrpc` crate lets frames overtake each other, which makes what is
 * seen a matter of luck; the suite has a pair of its own for that.
 */
export function onOneThread(program: Program): Program {
  return { ...program, args: [...program.args, '--single-thread'] };
}

/** A program, or the reason why this machine has none. */
export type Availability = { readonly program: Program } | { readonly missing: string };

/** The project's folder, which holds the sources of all programs. */
export const projectRoot = join(import.meta.dirname, '../..');

/** A program that Node runs from TypeScript, with the workspace's own packages from source. */
export function nodeProgram(name: string, mainPath: string): Program {
  return {
    name,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', '--conditions=@hako/source', mainPath],
  };
}

/** The program on @hako/ttrpc. */
export const hakoProgram: Program = nodeProgram('hako', join(projectRoot, 'src/peer/main.ts'));
