// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import type { Exclusion, GridColumn } from './exclusions.ts';
import type { SeenAnswer } from './test-report.ts';

/** A service as ts-proto generates its definition, as far as the grid needs it. */
export interface GridService {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, { readonly name: string }>>;
}

/** What was seen of one method. */
export interface GridRow {
  readonly service: string;
  readonly method: string;
  /** Succeeded stand-alone: against fakes or with real containers on the machine of the tests. */
  readonly good: boolean;
  /** Names of the statuses it failed with stand-alone, in alphabetical order. */
  readonly errors: readonly string[];
  /** Succeeded in a real guest. */
  readonly goodInGuest: boolean;
  /** Names of the statuses it failed with in a real guest, in alphabetical order. */
  readonly errorsInGuest: readonly string[];
  /** Columns that need nothing. */
  readonly exclusions: readonly Exclusion[];
}

/** Every method can be refused by the policy; such a refusal says nothing about its own errors. */
const refusedByPolicy = 'PERMISSION_DENIED';

const success: number = Status.OK;

function statusName(status: number): string {
  return Status[status] ?? `status ${status}`;
}

/** The methods a title begins with: `ReadStdout and ReadStderr in a guest` names two. */
function namedMethods(title: string, known: ReadonlySet<string>): readonly string[] {
  const words = title.split(/[\s,]+/).filter((word) => word !== 'and');
  const end = words.findIndex((word) => !known.has(word));
  return words.slice(0, end < 0 ? words.length : end);
}

/**
 * One row per method. An answer counts for a method when the title of its test begins with the method's name: that the
 * call succeeded on the way to something else proves nothing about it.
 */
export function drawGrid(
  services: readonly GridService[],
  answers: readonly SeenAnswer[],
  exclusions: readonly Exclusion[],
): readonly GridRow[] {
  const methods = services.flatMap(({ fullName, methods: ofService }) =>
    Object.values(ofService).map(({ name }) => ({ service: fullName, method: name })),
  );
  const names = new Set(methods.map(({ method }) => method));
  const counted = answers.filter(({ test, path }) =>
    namedMethods(test, names).includes(path.split('/').at(-1) ?? ''),
  );
  return methods.map(({ service, method }) => {
    const ofMethod = counted.filter(({ path }) => path === `/${service}/${method}`);
    const inGuest = ofMethod.filter(({ kind }) => kind === 'guest');
    const alone = ofMethod.filter(({ kind }) => kind !== 'guest');
    const hasGood = (seen: readonly SeenAnswer[]): boolean => seen.some(({ status }) => status === success);
    const errorsOf = (seen: readonly SeenAnswer[]): readonly string[] => {
      const failed = seen.filter(({ status }) => status !== success);
      return [...new Set(failed.map(({ status }) => statusName(status)))].sort();
    };
    return {
      service,
      method,
      good: hasGood(alone),
      errors: errorsOf(alone),
      goodInGuest: hasGood(inGuest),
      errorsInGuest: errorsOf(inGuest),
      exclusions: exclusions.filter(({ rpc }) => rpc === method),
    };
  });
}

/** The columns of a row that show nothing and should. */
export function emptyColumns(row: GridRow): readonly GridColumn[] {
  const ownErrors = (names: readonly string[]): boolean => names.some((name) => name !== refusedByPolicy);
  const seen: Readonly<Record<GridColumn, boolean>> = {
    good: row.good,
    errors: ownErrors(row.errors),
    'in guest': row.goodInGuest,
    'errors in guest': ownErrors(row.errorsInGuest),
  };
  const excluded = new Set(row.exclusions.flatMap(({ columns }) => columns));
  return (['good', 'errors', 'in guest', 'errors in guest'] as const).filter(
    (column) => !seen[column] && !excluded.has(column),
  );
}

/** Exclusions of columns that do show something, or of methods that do not exist. */
export function needlessExclusions(
  rows: readonly GridRow[],
  exclusions: readonly Exclusion[],
): readonly string[] {
  return exclusions.flatMap(({ rpc, columns }) => {
    const row = rows.find(({ method }) => method === rpc);
    if (row === undefined) return [`${rpc} does not exist`];
    const empty = new Set(emptyColumns({ ...row, exclusions: [] }));
    return columns.filter((column) => !empty.has(column)).map((column) => `${rpc}: ${column}`);
  });
}
