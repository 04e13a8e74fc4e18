// SPDX-License-Identifier: Apache-2.0

/** A message in protobuf's JSON mapping. */
export type JsonMessage = Readonly<Record<string, unknown>>;

/** One call for a driver to make. */
export interface CallSpec {
  /** Bare method name. One that the suite's service lacks is called as a unary method with empty messages. */
  readonly method: string;
  /** Dotted service name. Default: the suite's service. */
  readonly service?: string;
  /** The request messages, in order; exactly one where the client does not stream. */
  readonly send: readonly JsonMessage[];
  /** Metadata of the call. */
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
  /** Deadline in milliseconds. Default: none. */
  readonly timeoutMs?: number;
  /** Whether to wait for a reply after each request of a bidirectional stream. Default: send all, receive meanwhile. */
  readonly lockstep?: boolean;
  /** Whether to leave out the half close. */
  readonly keepOpen?: boolean;
  /** Give the stream up after that many replies. Default: receive to the end. */
  readonly take?: number;
}

/** Work for the benchmark, done in the driver so that nothing but the protocol is measured. */
export interface LoadSpec {
  /** `echo`: unary calls. `download`: one server stream. */
  readonly kind: 'echo' | 'download';
  /** Bytes of data in each message. */
  readonly payloadBytes: number;
  /** Calls (echo) or messages (download). */
  readonly count: number;
  /** Calls at a time (echo). */
  readonly inFlight: number;
  /** Whether to report each call's latency (echo). */
  readonly latencies: boolean;
}

/** A line of a driver's input. Connections are dialled on their first mention. */
export type Instruction =
  | ({ readonly op: 'call'; readonly id: number; readonly connection: string } & CallSpec)
  | { readonly op: 'load'; readonly id: number; readonly connection: string; readonly load: LoadSpec }
  | { readonly op: 'cancel'; readonly call: number }
  | { readonly op: 'close'; readonly id: number; readonly connection: string };

/** A status as it came over the wire, `value` in base64. */
export interface StatusReport {
  readonly code: number;
  readonly message: string;
  readonly details: readonly { readonly typeUrl: string; readonly value: string }[];
}

/** A line of a driver's output. Of the five ends, exactly one is there. */
export interface Outcome {
  readonly id: number;
  readonly replies?: readonly JsonMessage[] | undefined;
  /** The call ended by status, OK included. */
  readonly status?: StatusReport | undefined;
  /** The connection was lost or closed. */
  readonly closed?: boolean | undefined;
  /** The caller gave the call up. */
  readonly abandoned?: boolean | undefined;
  /** The library failed in a way that is none of these, and said so in its own words. */
  readonly local?: string | undefined;
  /** A load was done. */
  readonly elapsedNs?: number | undefined;
  readonly latenciesNs?: readonly number[] | undefined;
}

/** Reads a line of a driver's output, whose program belongs to this suite and is trusted. */
export function parseOutcome(line: string): Outcome {
  const outcome: unknown = JSON.parse(line);
  if (!isOutcome(outcome)) throw new TypeError(`not an outcome: ${line}`);
  return outcome;
}

function isOutcome(value: unknown): value is Outcome {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'number';
}

/** Reads a line of a driver's input, written by this suite. */
export function parseInstruction(line: string): Instruction {
  const instruction: unknown = JSON.parse(line);
  if (!isInstruction(instruction)) throw new TypeError(`not an instruction: ${line}`);
  return instruction;
}

function isInstruction(value: unknown): value is Instruction {
  return typeof value === 'object' && value !== null && 'op' in value && typeof value.op === 'string';
}
