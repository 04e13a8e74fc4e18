// SPDX-License-Identifier: Apache-2.0
import type { TestedAgentKind } from './tested-agent.ts';

/** An answer of an agent under test. */
export interface AnswerNote {
  /** `/grpc.AgentService/CreateContainer`. */
  readonly path: string;
  /** Of gRPC; 0 is success. */
  readonly status: number;
  readonly kind: TestedAgentKind;
}

let listener: ((note: AnswerNote) => void) | undefined;

/** Tells of every answer that tests get from now on. For a set-up file of the test runner; the last caller hears it. */
export function listenToAnswers(heard: (note: AnswerNote) => void): void {
  listener = heard;
}

/** Tells of an answer. */
export function noteAnswer(note: AnswerNote): void {
  listener?.(note);
}
