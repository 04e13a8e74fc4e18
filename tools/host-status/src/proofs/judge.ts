// SPDX-License-Identifier: Apache-2.0
import type { StatusRow } from '../rows/status-row.ts';
import type { KnownGap } from './gaps.ts';
import type { Proof } from './proof.ts';

/** A row with what was seen of it. */
export interface JudgedRow extends StatusRow {
  readonly proofs: readonly Proof[];
  /** What is not seen of it; undefined when that is enough. */
  readonly lacks: KnownGap['lacks'] | undefined;
  /** Why that is so, where a reason is known. */
  readonly reason: string | undefined;
}

function lackOf({ isHostOnly }: StatusRow, proofs: readonly Proof[]): KnownGap['lacks'] | undefined {
  if (proofs.length === 0) return 'everywhere';
  return isHostOnly === true || proofs.some(({ ground }) => ground === 'guest') ? undefined : 'guest';
}

/** Puts proofs and reasons to their rows. */
export function judgeRows(
  rows: readonly StatusRow[],
  proofs: readonly Proof[],
  gaps: readonly KnownGap[],
): readonly JudgedRow[] {
  return rows.map((row) => {
    const own = proofs.filter((proof) => proof.row === row.name);
    const lacks = lackOf(row, own);
    const known = gaps.find((gap) => gap.lacks === lacks && gap.rows.includes(row.name));
    return { ...row, proofs: own, lacks, reason: known?.reason };
  });
}

/** Everything that is wrong: gaps without a reason, reasons without a gap, names that no row has. */
export function problemsOf(
  judged: readonly JudgedRow[],
  proofs: readonly Proof[],
  gaps: readonly KnownGap[],
): readonly string[] {
  const names = new Set(judged.map(({ name }) => name));
  const lackOfRow = new Map(judged.map(({ name, lacks }) => [name, lacks]));
  const unknown = [
    ...new Set(proofs.filter(({ row }) => !names.has(row)).map(({ row, file }) => `${row} (${file})`)),
  ];
  return [
    ...unknown.map((what) => `a test proves what is no row: ${what}`),
    ...judged.flatMap(({ name, lacks, reason }) => {
      if (lacks === undefined || reason !== undefined) return [];
      return [lacks === 'guest' ? `not seen in a guest: ${name}` : `not seen at all: ${name}`];
    }),
    ...gaps.flatMap(({ rows, lacks, isLocal = false }) =>
      rows
        .filter((row) => lackOfRow.get(row) !== lacks && !(isLocal && names.has(row)))
        .map((row) => `needless reason: ${row} (${lacks})`),
    ),
  ];
}
