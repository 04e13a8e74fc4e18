// SPDX-License-Identifier: Apache-2.0

/** What the owner of a detached sandbox tells the process that started it. */
export type OwnerReport =
  | { readonly kind: 'running'; readonly id: string }
  | { readonly kind: 'failed'; readonly line: string; readonly exitCode: number };

/**
 * Recognises a report.
 * @param value what arrived
 */
export function isOwnerReport(value: unknown): value is OwnerReport {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (value.kind === 'running') return 'id' in value && typeof value.id === 'string';
  return (
    value.kind === 'failed' &&
    'line' in value &&
    typeof value.line === 'string' &&
    'exitCode' in value &&
    typeof value.exitCode === 'number'
  );
}
