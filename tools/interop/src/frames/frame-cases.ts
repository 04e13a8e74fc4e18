// SPDX-License-Identifier: Apache-2.0
import { encodeFrame, encodeRequestEnvelope, frameFlag, frameType } from '@hako/ttrpc';
import { EchoRequest, Label } from '../generated/hako/interop/v1/interop.ts';
import type { Implementation } from '../programs/program.ts';
import type { RawConnection } from './raw-connection.ts';

/** What a server answers to frames that no client of the matrix would send. */
export interface FrameCase {
  readonly name: string;
  readonly run: (connection: RawConnection) => Promise<readonly string[]>;
  readonly expected: readonly string[];
  /** Servers that are known to do something else, and why. */
  readonly known?: Partial<
    Record<Implementation, { readonly seen: readonly string[]; readonly reason: string }>
  >;
  /** Servers that may end over it, by chance, and why: they are not asked. */
  readonly fatal?: Partial<Record<Implementation, string>>;
}

const service = 'hako.interop.v1.Interop';

function request(method: string, payload: Uint8Array = new Uint8Array(0), timeoutNano = 0n): Uint8Array {
  return encodeRequestEnvelope({ service, method, payload, timeoutNano, metadata: [] });
}

const echo = request('Echo', EchoRequest.encode({ data: new Uint8Array(3), text: 'x' }).finish());

/** Makes an ordinary call; its answer shows whether the connection is still good. */
function probe(connection: RawConnection, streamId: number): Promise<string> {
  connection.sendFrame(streamId, frameType.request, 0, echo);
  return connection.answer(streamId);
}

/** Frames out of the ordinary. */
export const frameCases: readonly FrameCase[] = [
  {
    name: 'a request that arrives byte by byte is answered',
    run: async (connection) => {
      for (const byte of encodeFrame(1, frameType.request, 0, echo)) connection.send(Uint8Array.of(byte));
      return [await connection.answer(1)];
    },
    expected: ['OK'],
  },
  {
    name: 'requests that arrive in one piece are all answered',
    run: async (connection) => {
      const ids = [1, 3, 5, 7, 9];
      connection.send(Buffer.concat(ids.map((id) => encodeFrame(id, frameType.request, 0, echo))));
      return Promise.all(ids.map((id) => connection.answer(id)));
    },
    expected: ['OK', 'OK', 'OK', 'OK', 'OK'],
  },
  {
    name: 'a request of 4 MiB + 1 is drained and refused, and the connection lives on',
    run: async (connection) => {
      connection.sendFrame(1, frameType.request, 0, new Uint8Array(4 * 1024 * 1024 + 1));
      return [await connection.answer(1), await probe(connection, 3)];
    },
    expected: ['RESOURCE_EXHAUSTED', 'OK'],
    known: {
      rust: { seen: ['INVALID_ARGUMENT', 'OK'], reason: 'the Rust server names an oversized request so' },
    },
  },
  {
    name: 'the server keeps a deadline that the client only announces',
    run: async (connection) => {
      const label = Label.encode({ label: 'announced deadline' }).finish();
      connection.sendFrame(1, frameType.request, 0, request('Hold', label, 200_000_000n));
      return [await connection.answer(1), await probe(connection, 3)];
    },
    expected: ['DEADLINE_EXCEEDED', 'OK'],
  },
  {
    name: 'an envelope that does not decode is INVALID_ARGUMENT',
    run: async (connection) => {
      connection.sendFrame(1, frameType.request, 0, Uint8Array.of(0xff, 0xff, 0xff));
      return [await connection.answer(1), await probe(connection, 3)];
    },
    expected: ['INVALID_ARGUMENT', 'OK'],
  },
  {
    name: 'a message that does not decode is INTERNAL',
    run: async (connection) => {
      connection.sendFrame(1, frameType.request, 0, request('Echo', Uint8Array.of(0x0a, 0x05)));
      return [await connection.answer(1), await probe(connection, 3)];
    },
    expected: ['INTERNAL', 'OK'],
    known: { rust: { seen: ['UNKNOWN', 'OK'], reason: 'the Rust server gives it no code of its own' } },
  },
  {
    name: 'a frame of an unknown type is ignored',
    run: async (connection) => {
      connection.sendFrame(1, 0x7f, 0, Uint8Array.of(1, 2, 3));
      return [await probe(connection, 3)];
    },
    expected: ['OK'],
  },
  {
    name: 'an even stream id is INVALID_ARGUMENT',
    run: async (connection) => {
      connection.sendFrame(2, frameType.request, 0, echo);
      return [await connection.answer(2), await probe(connection, 3)];
    },
    expected: ['INVALID_ARGUMENT', 'OK'],
  },
  {
    name: 'a stream id below an earlier one costs no other call anything',
    run: async (connection) => {
      return [await probe(connection, 5), await probe(connection, 3), await probe(connection, 7)];
    },
    expected: ['OK', 'OK', 'OK'],
    known: {
      go: { seen: ['OK', 'INVALID_ARGUMENT', 'OK'], reason: 'the Go server refuses ids that do not rise' },
    },
  },
  {
    name: 'data for a stream that was never opened is INVALID_ARGUMENT',
    run: async (connection) => {
      connection.sendFrame(1, frameType.data, 0, echo);
      return [await connection.answer(1), await probe(connection, 3)];
    },
    expected: ['INVALID_ARGUMENT', 'OK'],
  },
  {
    name: 'data that comes late, after the end of its stream, harms nothing',
    run: async (connection) => {
      const ended = await probe(connection, 1);
      connection.sendFrame(1, frameType.data, frameFlag.remoteClosed | frameFlag.noData);
      return [ended, await probe(connection, 3)];
    },
    expected: ['OK', 'OK'],
    // About one time in a hundred the answer is sent before the stream is noted, and its null handler stays.
    fatal: { go: 'the Go server may end with a nil dereference' },
  },
];
