// SPDX-License-Identifier: Apache-2.0
import type { Case } from './case.ts';
import type { Session } from './session.ts';

/** The most a frame may carry, its header not counted. */
const maxFrameBytes = 4 * 1024 * 1024;

const service = 'hako.interop.v1.Interop';

/** A protobuf field of a size between 2 and 256 MiB: its key, four bytes of length, the bytes. */
const bigFieldOverhead = 1 + 4;
/** A protobuf field of fewer than 128 bytes. */
const smallFieldOverhead = 1 + 1;

/** What a request frame holds besides the bytes of a payload's one field. */
const requestOverhead =
  smallFieldOverhead +
  service.length +
  smallFieldOverhead +
  'Measure'.length +
  bigFieldOverhead +
  bigFieldOverhead;

/** The Go server leaves the status of a success out, Rust's and ours send an empty one. */
const okStatusBytes = { go: 0, rust: smallFieldOverhead, hako: smallFieldOverhead };

async function sendFrameOf(session: Session, frameBytes: number): Promise<unknown> {
  const size = frameBytes - requestOverhead;
  const data = Buffer.alloc(size).toString('base64');
  const { end, replies } = await session.call({ method: 'Measure', send: [{ data }] });
  return { end, whole: replies[0]?.['size'] === size, afterwards: await session.probe() };
}

async function receiveFrameOf(session: Session, frameBytes: number): Promise<unknown> {
  const size = frameBytes - okStatusBytes[session.serverImplementation] - 2 * bigFieldOverhead;
  const { end, replies } = await session.call({ method: 'Produce', send: [{ size }] });
  return { end, whole: dataBytes(replies[0]?.['data']) === size, afterwards: await session.probe() };
}

async function streamFrameOf(session: Session, frameBytes: number): Promise<unknown> {
  const size = frameBytes - bigFieldOverhead;
  const data = Buffer.alloc(size).toString('base64');
  const { end, replies } = await session.call({ method: 'EchoStream', send: [{ data }] });
  return { end, whole: dataBytes(replies[0]?.['data']) === size, afterwards: await session.probe() };
}

function dataBytes(base64: unknown): number {
  return typeof base64 === 'string' ? Buffer.byteLength(base64, 'base64') : 0;
}

const fits = { end: 'OK', whole: true, afterwards: 'OK' };
const refused = { end: 'RESOURCE_EXHAUSTED', whole: false, afterwards: 'OK' };

const directions = [
  { what: 'a request', transfer: sendFrameOf },
  { what: 'a reply', transfer: receiveFrameOf },
  { what: 'a stream message', transfer: streamFrameOf },
];

/** One byte below the limit, the limit, one byte above, for each kind of frame. */
export const limitCases: readonly Case[] = directions.flatMap(({ what, transfer }) => [
  {
    name: `${what} of 4 MiB - 1 arrives`,
    run: (session: Session) => transfer(session, maxFrameBytes - 1),
    expected: fits,
  },
  {
    name: `${what} of exactly 4 MiB arrives`,
    run: (session: Session) => transfer(session, maxFrameBytes),
    expected: fits,
  },
  {
    name: `${what} of 4 MiB + 1 is RESOURCE_EXHAUSTED and the connection lives on`,
    run: (session: Session) => transfer(session, maxFrameBytes + 1),
    expected: refused,
  },
]);
