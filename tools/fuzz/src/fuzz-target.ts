// SPDX-License-Identifier: Apache-2.0
import type { IAsyncProperty } from 'fast-check';

/** Something that must withstand any input. */
export interface FuzzTarget {
  readonly name: string;
  /** What must hold, for the report. */
  readonly claim: string;
  /** The claim as a property; inputs are made of the corpus and of chance. */
  property(corpus: readonly Uint8Array[]): IAsyncProperty<unknown[]>;
}
