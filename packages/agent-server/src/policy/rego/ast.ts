// SPDX-License-Identifier: Apache-2.0
import type { RegoValue } from './value.ts';

/** Infix operators that make a value of two. */
export type Operator = '+' | '-' | '*' | '/' | '%' | '|' | '&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in';

/** An expression. Names are `variable` as parsed; resolution turns them into `local`, `rule`, `input` or `data`. */
export type Term =
  | { readonly kind: 'constant'; readonly value: RegoValue }
  | { readonly kind: 'variable'; readonly name: string; readonly line: number }
  | { readonly kind: 'local'; readonly slot: number; readonly name: string }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'input' }
  | { readonly kind: 'data' }
  | { readonly kind: 'reference'; readonly head: Term; readonly path: readonly Term[] }
  | { readonly kind: 'array'; readonly items: readonly Term[] }
  | { readonly kind: 'set'; readonly items: readonly Term[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [key: Term, value: Term])[] }
  | {
      readonly kind: 'comprehension';
      readonly of: 'array' | 'set' | 'object';
      readonly key?: Term;
      readonly value: Term;
      readonly body: Body;
      /** After resolution: slots from here on belong to its body. */
      readonly firstSlot?: number;
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Term[];
      readonly line: number;
      /** After resolution: whether the function is a rule of the policy. */
      readonly isRule?: boolean;
    }
  | { readonly kind: 'infix'; readonly operator: Operator; readonly left: Term; readonly right: Term }
  | { readonly kind: 'membership'; readonly key: Term; readonly value: Term; readonly of: Term }
  | { readonly kind: 'assign'; readonly left: Term; readonly right: Term }
  | { readonly kind: 'unify'; readonly left: Term; readonly right: Term };

/** A replacement that holds for one expression: `with input.a as 1`. */
export interface Replacement {
  readonly target: Term;
  readonly value: Term;
}

/** One line of a body. */
export type Literal =
  | {
      readonly kind: 'expression';
      readonly term: Term;
      readonly isNegated: boolean;
      readonly replacements: readonly Replacement[];
    }
  | { readonly kind: 'some'; readonly names: readonly string[] }
  | { readonly kind: 'some-in'; readonly key?: Term; readonly value: Term; readonly of: Term }
  | {
      readonly kind: 'every';
      readonly key?: Term;
      readonly value: Term;
      readonly of: Term;
      readonly body: Body;
      /** After resolution: slots from here on belong to its body. */
      readonly firstSlot?: number;
    };

/** Lines that must all hold. */
export type Body = readonly Literal[];

/** A value a rule has when a body holds, and what is tried when it does not. */
export interface Branch {
  readonly value: Term;
  readonly body: Body;
}

/** One definition of a rule. Definitions of one name belong together. */
export interface Definition {
  readonly name: string;
  readonly kind: 'complete' | 'function' | 'set' | 'object';
  readonly isDefault: boolean;
  /** Parameters of a function. */
  readonly parameters: readonly Term[];
  /** Key of an element of a partial object. */
  readonly key?: Term;
  /** The first branch that holds counts; only complete rules and functions have more than one. */
  readonly branches: readonly Branch[];
  /** Slots its local variables need, set by resolution. */
  readonly slotCount: number;
  readonly line: number;
}

/** A parsed policy. */
export interface Module {
  /** `agent_policy`, parts joined by dots. */
  readonly packageName: string;
  /** What imported names stand for. */
  readonly imports: ReadonlyMap<string, Term>;
  readonly definitions: readonly Definition[];
}
