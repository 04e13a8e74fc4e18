// SPDX-License-Identifier: Apache-2.0
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { GuestProcess } from '@hako/sandbox';

import type { ConsoleStreams, OutputStream } from '../console-streams.ts';

/** SIGPIPE, which ends a program whose reader is gone. */
const brokenPipe = 13;

/** The reader of our output is gone: `hako run … | head`. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
  /** Number of the signal a program would have died of. */
  readonly signal = brokenPipe;
}

/** What is relayed. */
export interface RelayOptions {
  /** Whether standard input goes to the workload. */
  readonly interactive: boolean;
}

/**
 * Connects our streams with those of a workload, byte for byte, each side at the pace of the other. Fulfilled when all
 * output has been written. Errors: {@link ReaderGone}; whatever the workload's streams fail with.
 * @param workload the process
 * @param streams ours
 * @param options what is relayed
 */
export async function relay(
  workload: GuestProcess,
  streams: ConsoleStreams,
  options: RelayOptions,
): Promise<void> {
  const { stdin, stdout, stderr } = streams;
  const feeding = new AbortController();
  if (options.interactive) {
    // The workload may end, or close its input, while there is more to read: neither is an error here.
    pipeline(stdin, workload.stdin, { signal: feeding.signal }).catch(() => undefined);
  }
  try {
    await Promise.all([drain(workload.stdout, stdout), drain(workload.stderr, stderr)]);
  } finally {
    feeding.abort();
    stdin.pause();
  }
}

async function drain(source: Readable, destination: OutputStream): Promise<void> {
  try {
    await pipeline(source, destination, { end: false });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE')
      throw new ReaderGone('broken pipe');
    throw error;
  }
}
