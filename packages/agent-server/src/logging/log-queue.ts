// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';

/** Log lines on their way to a host that may not be connected yet, or not keep up. */
export interface LogQueue {
  /** Takes a line. When there is no room the oldest one is dropped. */
  write(line: string): void;
  /** Sends what is there and what will come, until the connection is over. A second one at a time is refused. */
  attach(stream: Duplex): void;
  /** Ends the connection when everything is sent, or after half a second. */
  close(): Promise<void>;
}

/** What a {@link createLogQueue} can be told. */
export interface LogQueueOptions {
  /** Bytes of lines that wait; default 256 KiB. */
  readonly maxBytes?: number;
  /** Told when lines can be sent again after some had to be dropped. */
  readonly onDropped?: (count: number) => void;
}

const defaultMaxBytes = 256 * 1024;
const closeLimitMs = 500;

/** A {@link LogQueue} that is empty and has no connection. */
export function createLogQueue({
  maxBytes = defaultMaxBytes,
  onDropped = () => undefined,
}: LogQueueOptions = {}): LogQueue {
  const lines: string[] = [];
  let bytes = 0;
  let droppedLines = 0;
  let connection: Duplex | undefined;
  let mustWait = false;

  function pump(): void {
    if (connection === undefined || mustWait) return;
    if (droppedLines > 0) {
      const count = droppedLines;
      droppedLines = 0;
      onDropped(count);
    }
    for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
      bytes -= Buffer.byteLength(line);
      mustWait = !connection.write(line);
      if (mustWait) return;
    }
  }

  return {
    write(line) {
      lines.push(line);
      bytes += Buffer.byteLength(line);
      while (bytes > maxBytes) {
        bytes -= Buffer.byteLength(lines.shift() ?? '');
        droppedLines += 1;
      }
      pump();
    },
    attach(stream) {
      if (connection !== undefined) {
        stream.destroy();
        return;
      }
      connection = stream;
      mustWait = false;
      stream.on('error', () => undefined).once('end', () => stream.destroy());
      stream.on('drain', () => {
        mustWait = false;
        pump();
      });
      stream.once('close', () => {
        connection = undefined;
      });
      // Whatever the host says is of no interest, only that it is still there.
      stream.resume();
      pump();
    },
    async close() {
      const stream = connection;
      if (stream === undefined) return;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => stream.destroy(), closeLimitMs);
      stream.once('close', () => {
        clearTimeout(timer);
        resolve(undefined);
      });
      for (const line of lines.splice(0)) stream.write(line);
      stream.end(() => stream.destroy());
      await promise;
    },
  };
}
