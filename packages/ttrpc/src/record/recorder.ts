// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { frameHeaderBytes } from '../frame/frame-header.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import { FrameTap } from './frame-tap.ts';
import { RecordedStream } from './recorded-stream.ts';
import type { RecordingOverflow } from './recording-file.ts';
import { RecordingFile } from './recording-file.ts';
import type { Side } from './recording-format.ts';
import { encodeRecord, encodeRecordingHeader, encodeVarint, recordKind } from './recording-format.ts';

/** How a recording is made. */
export interface RecorderOptions {
  /** Bytes that may wait for the file. Default 4 MiB. What happens beyond is {@link RecorderOptions.overflow}. */
  readonly queueBytes?: number;
  /** What a full queue does. Default `hold-back`. */
  readonly overflow?: RecordingOverflow;
  /** Length at which the recording ends; the recorded streams go on. Default 1 GiB. */
  readonly maxFileBytes?: number;
  /** Milliseconds that never go back. Default: `performance`. */
  readonly clock?: { now(): number };
}

/** What became of a recording. */
export interface RecordingSummary {
  /** Frames in the file. */
  readonly frames: number;
  /** Length of the file. */
  readonly bytes: number;
  /** Frames dropped because the file was too slow. */
  readonly lostFrames: number;
  /** `closed` by its owner, `file-full` at its bound, or `failed` with {@link RecordingSummary.error}. */
  readonly end: 'closed' | 'file-full' | 'failed';
  /** Why the file could not be written. */
  readonly error?: Error;
}

/** How a stream takes part in a recording. */
export interface RecordStreamOptions {
  /** Which end of the connection the stream is. Default `client`. */
  readonly side?: Side;
  /** A name for the connection, shown with it. Default: none. */
  readonly name?: string;
}

/** One file into which any number of connections are recorded. A failing file never disturbs the connections. */
export interface Recorder extends AsyncDisposable {
  /** Returns a stream to be used in place of `stream`, which it owns from now on; all frames are recorded, with times. */
  wrap(stream: Duplex, options?: RecordStreamOptions): Duplex;
  /** Ends the recording; streams still open go on unrecorded. Idempotent, never rejects. */
  close(): Promise<RecordingSummary>;
}

const defaultQueueBytes = 4 * 1024 * 1024;
const defaultMaxFileBytes = 1024 * 1024 * 1024;

/**
 * Begins a recording in a new file of mode 0600; docs/wire.md describes its format. It holds everything the calls carry,
 * environment variables and input included.
 * @throws Error of `node:fs` when the file cannot be created or exists.
 * @throws TtrpcError `invalid_argument` for a bound that is not a positive integer.
 */
export async function createRecorder(path: string, options: RecorderOptions = {}): Promise<Recorder> {
  const { queueBytes = defaultQueueBytes, maxFileBytes = defaultMaxFileBytes } = options;
  for (const [name, value] of Object.entries({ queueBytes, maxFileBytes })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new TtrpcError('invalid_argument', `${name} is not a positive integer: ${value}`);
    }
  }
  return new FileRecorder(await RecordingFile.create(path, queueBytes), {
    maxFileBytes,
    overflow: options.overflow ?? 'hold-back',
    clock: options.clock ?? performance,
  });
}

/**
 * Records one connection: the shortest use of {@link createRecorder}.
 * @returns the stream to use in place of `stream`; the recording ends when it is closed, and `recorded` tells how.
 */
export async function record(
  stream: Duplex,
  path: string,
  options: RecorderOptions & RecordStreamOptions = {},
): Promise<{ readonly stream: Duplex; readonly recorded: Promise<RecordingSummary> }> {
  const recorder = await createRecorder(path, options);
  const wrapped = recorder.wrap(stream, options);
  const recorded = new Promise<void>((resolve) => wrapped.once('close', resolve)).then(() =>
    recorder.close(),
  );
  return { stream: wrapped, recorded };
}

type Settings = Required<Pick<RecorderOptions, 'maxFileBytes' | 'overflow' | 'clock'>>;

class FileRecorder implements Recorder {
  readonly #file: RecordingFile;
  readonly #options: Settings;
  readonly #startMs: number;
  #lastUs = 0;
  #connections = 0;
  #frames = 0;
  #lostFrames = 0;
  #gap: { frames: number; bytes: number } | undefined;
  #end: 'closed' | 'file-full' | undefined;
  #closing: Promise<RecordingSummary> | undefined;

  constructor(file: RecordingFile, options: Settings) {
    this.#file = file;
    this.#options = options;
    this.#startMs = options.clock.now();
    file.append(encodeRecordingHeader(Date.now() * 1000));
  }

  wrap(stream: Duplex, { side = 'client', name = '' }: RecordStreamOptions = {}): Duplex {
    const connection = this.#connections++;
    const write = (kind: number, ...body: Uint8Array[]): void => this.#write(kind, connection, body);
    write(
      recordKind.open,
      Uint8Array.of(side === 'client' ? 0 : 1),
      Buffer.from(name.slice(0, maxNameLength)),
    );
    const written = new FrameTap(side, write);
    const read = new FrameTap(side === 'client' ? 'server' : 'client', write);
    const mayHold = (): boolean => this.#end === undefined && this.#options.overflow === 'hold-back';
    const file = this.#file;
    return new RecordedStream(stream, {
      onRead: (chunk) => read.push(chunk),
      onWritten: (chunk) => written.push(chunk),
      onClose: () => write(recordKind.close),
      get full() {
        return mayHold() && file.full;
      },
      whenRoom: (task) => {
        if (mayHold()) file.whenRoom(task);
        else task();
      },
    });
  }

  close(): Promise<RecordingSummary> {
    return (this.#closing ??= this.#close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<RecordingSummary> {
    if (this.#end === undefined) this.#finish('closed');
    await this.#file.close();
    const { bytes, error } = this.#file;
    const counts = { frames: this.#frames, bytes, lostFrames: this.#lostFrames };
    return error === undefined
      ? { ...counts, end: this.#end ?? 'closed' }
      : { ...counts, end: 'failed', error };
  }

  #write(kind: number, connection: number, body: readonly Uint8Array[]): void {
    if (this.#end !== undefined) return;
    const isFrame = kind === recordKind.clientFrame || kind === recordKind.serverFrame;
    const bodyBytes = body.reduce((sum, piece) => sum + piece.length, 0);
    if (isFrame && this.#options.overflow === 'drop-frames' && this.#file.full) {
      this.#lostFrames++;
      this.#gap ??= { frames: 0, bytes: 0 };
      this.#gap.frames++;
      this.#gap.bytes += bodyBytes - frameHeaderBytes;
      return;
    }
    if (this.#file.bytes + bodyBytes > this.#options.maxFileBytes) {
      this.#finish('file-full');
      return;
    }
    this.#closeGap();
    if (isFrame) this.#frames++;
    this.#append(kind, connection, ...body);
  }

  #finish(end: 'closed' | 'file-full'): void {
    this.#closeGap();
    this.#append(recordKind.end, 0, Uint8Array.of(end === 'closed' ? 0 : 1));
    this.#end = end;
  }

  #closeGap(): void {
    const gap = this.#gap;
    if (gap === undefined) return;
    this.#gap = undefined;
    this.#append(recordKind.lost, 0, encodeVarint(gap.frames), encodeVarint(gap.bytes));
  }

  #append(kind: number, connection: number, ...body: readonly Uint8Array[]): void {
    const nowUs = Math.round((this.#options.clock.now() - this.#startMs) * 1000);
    this.#file.append(encodeRecord(kind, connection, Math.max(0, nowUs - this.#lastUs), ...body));
    this.#lastUs = Math.max(this.#lastUs, nowUs);
  }
}

/** Longest name of a connection, in characters. */
const maxNameLength = 1000;
