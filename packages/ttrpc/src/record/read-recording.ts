// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { frameHeaderBytes, readUint32 } from '../frame/frame-header.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { RecordHead, Side } from './recording-format.ts';
import {
  decodeRecordHead,
  decodeRecordingHeader,
  maxRecordHeadBytes,
  readVarint,
  recordingHeaderBytes,
  recordKind,
} from './recording-format.ts';

interface Occurrence {
  /** Number of the connection within the recording. */
  readonly connection: number;
  /** Microseconds since the recording began. */
  readonly atUs: number;
}

interface FrameFacts {
  /** Who sent it. */
  readonly from: Side;
  readonly streamId: number;
  readonly type: number;
  readonly flags: number;
}

/** What a recording holds, in the order it happened. `docs/wire.md` tells what each kind means. */
export type RecordedEvent =
  | (Occurrence & { readonly kind: 'open'; readonly side: Side; readonly name: string })
  | (Occurrence & FrameFacts & { readonly kind: 'frame'; readonly payload: Uint8Array })
  | (Occurrence & FrameFacts & { readonly kind: 'oversized'; readonly payloadBytes: number })
  | (Occurrence & { readonly kind: 'garbage'; readonly from: Side })
  | (Occurrence & { readonly kind: 'lost'; readonly frames: number; readonly bytes: number })
  | (Occurrence & { readonly kind: 'close' })
  | (Occurrence & { readonly kind: 'end'; readonly reason: 'closed' | 'file-full' })
  /** The file ends without an end: the recorder still runs, or it died. */
  | (Occurrence & { readonly kind: 'truncated' });

/** How a recording is read. */
export interface ReadRecordingOptions {
  /** Wait for more where the file ends, until the recording does. Default `false`. */
  readonly follow?: boolean;
  /** Ends the waiting; what is in the file is still read. */
  readonly signal?: AbortSignal;
}

/** A recording that is open for reading; it is read once, from its beginning. */
export interface Recording extends AsyncDisposable {
  /** When it was begun. */
  readonly startedAt: Date;
  /** What happened. Throws `malformed_message` where the file is damaged. */
  readonly events: AsyncIterable<RecordedEvent>;
}

/** How soon a new record is seen while following. */
const pollIntervalMs = 50;
const readBytes = 256 * 1024;

/**
 * Opens a recording. It may be still being written.
 * @throws TtrpcError `malformed_message` when the file is no recording or of another version.
 * @throws Error of `node:fs` when it cannot be opened.
 */
export async function openRecording(path: string, options: ReadRecordingOptions = {}): Promise<Recording> {
  const handle = await open(path, 'r');
  try {
    const window = new FileWindow(handle);
    while (await shouldWait(window, recordingHeaderBytes, options));
    const startedAtUs = decodeRecordingHeader(window.take(Math.min(window.length, recordingHeaderBytes)));
    return {
      startedAt: new Date(startedAtUs / 1000),
      events: readEvents(window, options),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* readEvents(
  window: FileWindow,
  options: ReadRecordingOptions,
): AsyncGenerator<RecordedEvent, void, undefined> {
  let atUs = 0;
  for (;;) {
    await window.fill(maxRecordHeadBytes);
    const head = decodeRecordHead(window.bytes, 0);
    const recordBytes = head === undefined ? window.length + 1 : head.headBytes + head.bodyBytes;
    while (await shouldWait(window, recordBytes, options));
    if (window.length < recordBytes) {
      yield { kind: 'truncated', connection: 0, atUs };
      return;
    }
    if (head === undefined) continue;
    atUs += head.deltaUs;
    const event = decodeEvent(head, atUs, window.take(recordBytes).subarray(head.headBytes));
    if (event !== undefined) yield event;
    if (event?.kind === 'end') return;
  }
}

/** Tries to have `bytes` at hand. Returns, after a pause, whether to try again. */
async function shouldWait(
  window: FileWindow,
  bytes: number,
  { follow = false, signal }: ReadRecordingOptions,
): Promise<boolean> {
  const aborted = signal?.aborted === true;
  await window.fill(bytes);
  if (window.length >= bytes || !follow || aborted) return false;
  await delay(pollIntervalMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  return true;
}

function decodeEvent(head: RecordHead, atUs: number, body: Uint8Array): RecordedEvent | undefined {
  const at = { connection: head.connection, atUs };
  switch (head.kind) {
    case recordKind.open:
      return {
        ...at,
        kind: 'open',
        side: body[0] === 1 ? 'server' : 'client',
        name: Buffer.from(body.subarray(1)).toString('utf8'),
      };
    case recordKind.clientFrame:
      return { ...at, kind: 'frame', ...frameFacts('client', body), payload: wholePayload(body) };
    case recordKind.serverFrame:
      return { ...at, kind: 'frame', ...frameFacts('server', body), payload: wholePayload(body) };
    case recordKind.clientOversized:
      return { ...at, kind: 'oversized', ...frameFacts('client', body), payloadBytes: readUint32(body, 0) };
    case recordKind.serverOversized:
      return { ...at, kind: 'oversized', ...frameFacts('server', body), payloadBytes: readUint32(body, 0) };
    case recordKind.clientGarbage:
      return { ...at, kind: 'garbage', from: 'client' };
    case recordKind.serverGarbage:
      return { ...at, kind: 'garbage', from: 'server' };
    case recordKind.lost: {
      const frames = readVarint(body, 0);
      const bytes = frames && readVarint(body, frames.end);
      return { ...at, kind: 'lost', frames: frames?.value ?? 0, bytes: bytes?.value ?? 0 };
    }
    case recordKind.close:
      return { ...at, kind: 'close' };
    case recordKind.end:
      return { ...at, kind: 'end', reason: body[0] === 1 ? 'file-full' : 'closed' };
    default:
      return undefined;
  }
}

function frameFacts(from: Side, body: Uint8Array): FrameFacts {
  if (body.length < frameHeaderBytes) {
    throw new TtrpcError('malformed_message', `recorded frame has ${body.length} bytes`);
  }
  return { from, streamId: readUint32(body, 4), type: body[8] ?? 0, flags: body[9] ?? 0 };
}

function wholePayload(body: Uint8Array): Uint8Array {
  const payload = body.subarray(frameHeaderBytes);
  if (readUint32(body, 0) === payload.length) return payload;
  throw new TtrpcError('malformed_message', 'recorded frame has another length than its header says');
}

/** The part of a file that has been read and not been taken yet. */
class FileWindow {
  readonly #handle: FileHandle;
  #position = 0;
  /** What is at hand. */
  bytes: Uint8Array = new Uint8Array(0);

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Reads until `bytes` are at hand or the file ends. */
  async fill(bytes: number): Promise<void> {
    if (this.length >= bytes) return;
    const buffer = Buffer.allocUnsafeSlow(Math.max(readBytes, bytes));
    buffer.set(this.bytes);
    let fill = this.length;
    while (fill < bytes) {
      const { bytesRead } = await this.#handle.read(buffer, fill, buffer.length - fill, this.#position);
      if (bytesRead === 0) break;
      this.#position += bytesRead;
      fill += bytesRead;
    }
    this.bytes = buffer.subarray(0, fill);
  }

  take(bytes: number): Uint8Array {
    const taken = this.bytes.subarray(0, bytes);
    this.bytes = this.bytes.subarray(bytes);
    return taken;
  }
}
