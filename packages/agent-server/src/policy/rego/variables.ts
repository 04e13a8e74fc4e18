// SPDX-License-Identifier: Apache-2.0
import type { Literal, Term } from './ast.ts';

/** The terms directly inside another one, those of a comprehension left out. */
export function partsOf(term: Term): readonly Term[] {
  switch (term.kind) {
    case 'reference':
      return [term.head, ...term.path];
    case 'array':
    case 'set':
      return term.items;
    case 'object':
      return term.entries.flat();
    case 'call':
      return term.args;
    case 'infix':
    case 'assign':
    case 'unify':
      return [term.left, term.right];
    case 'membership':
      return [term.key, term.value, term.of];
    case 'comprehension':
    case 'constant':
    case 'variable':
    case 'local':
    case 'rule':
    case 'input':
    case 'data':
      return [];
  }
}

/** Slots that matching a pattern gives values to. */
export function patternSlots(term: Term): readonly number[] {
  if (term.kind === 'local') return [term.slot];
  if (term.kind === 'array') return term.items.flatMap(patternSlots);
  if (term.kind === 'object') return term.entries.flatMap(([, value]) => patternSlots(value));
  return [];
}

/** Slots of a term; of a comprehension those that belong to what is around it. */
function slotsOf(term: Term): readonly number[] {
  if (term.kind === 'local') return [term.slot];
  if (term.kind !== 'comprehension') return partsOf(term).flatMap(slotsOf);
  const { key, value, body, firstSlot = 0 } = term;
  const inside = [
    ...(key === undefined ? [] : slotsOf(key)),
    ...slotsOf(value),
    ...body.flatMap(literalSlots),
  ];
  return inside.filter((slot) => slot < firstSlot);
}

function literalSlots(literal: Literal): readonly number[] {
  if (literal.kind === 'some') return [];
  if (literal.kind === 'expression') {
    return [literal.term, ...literal.replacements.map(({ value }) => value)].flatMap(slotsOf);
  }
  const own = [...(literal.key === undefined ? [] : slotsOf(literal.key)), ...slotsOf(literal.value)];
  const of = slotsOf(literal.of);
  if (literal.kind === 'some-in') return [...own, ...of];
  const { firstSlot = 0 } = literal;
  return [...of, ...literal.body.flatMap(literalSlots).filter((slot) => slot < firstSlot)];
}

/** What evaluating something takes and gives. */
export interface Flow {
  /** Slots that must have values before. */
  readonly needs: readonly number[];
  /** Slots that have values afterwards. */
  readonly gives: readonly number[];
}

/** A reference gives values to the variables in its brackets, by walking over what it refers to. */
function bracketSlots(term: Term): readonly number[] {
  const own = term.kind === 'reference' ? term.path.flatMap(patternSlots) : [];
  return [...own, ...partsOf(term).flatMap(bracketSlots)];
}

/** The flow of terms that are evaluated, and of patterns that are matched with their values. */
export function flowOf(terms: readonly Term[], patterns: readonly Term[] = []): Flow {
  const evaluated = patterns.filter(({ kind }) => kind !== 'local' && kind !== 'array' && kind !== 'object');
  const keys = patterns.flatMap((pattern) =>
    pattern.kind === 'object' ? pattern.entries.map(([key]) => key) : [],
  );
  const all = [...terms, ...evaluated, ...keys];
  const gives = [...all.flatMap(bracketSlots), ...patterns.flatMap(patternSlots)];
  return { needs: all.flatMap(slotsOf).filter((slot) => !gives.includes(slot)), gives };
}

/** The ways in which a literal can be evaluated; one of them has to be possible. */
export function literalFlows(literal: Literal, isWildcard: (slot: number) => boolean): readonly Flow[] {
  switch (literal.kind) {
    case 'some':
      return [{ needs: [], gives: [] }];
    case 'some-in':
      return [
        flowOf([literal.of], literal.key === undefined ? [literal.value] : [literal.key, literal.value]),
      ];
    case 'every':
      return [{ needs: literalSlots(literal).filter((slot) => !isWildcard(slot)), gives: [] }];
    case 'expression': {
      const { term, isNegated, replacements } = literal;
      if (isNegated) return [{ needs: literalSlots(literal).filter((slot) => !isWildcard(slot)), gives: [] }];
      const values = replacements.map(({ value }) => value);
      if (term.kind === 'assign') return [flowOf([term.right, ...values], [term.left])];
      if (term.kind !== 'unify') return [flowOf([term, ...values])];
      return [
        flowOf([term.right, ...values], [term.left]),
        flowOf([term.left, ...values], [term.right]),
        flowOf([term.left, term.right, ...values]),
      ];
    }
  }
}
