// SPDX-License-Identifier: Apache-2.0
import { RegoError } from './rego-error.ts';
import type { Token } from './lexer.ts';

/** Walks over the words of a policy. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The word at hand; behind the last one always the end. */
  get current(): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
    if (token === undefined) throw new RegoError('syntax', 'there is no policy');
    return token;
  }

  /** The word behind the one at hand. */
  get following(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  /** Whether the word at hand is this mark or keyword. */
  is(text: string): boolean {
    const { kind } = this.current;
    return (kind === 'mark' || kind === 'keyword') && this.current.text === text;
  }

  /** Takes the word at hand. */
  take(): Token {
    const token = this.current;
    this.#at += 1;
    return token;
  }

  /** Takes the word at hand if it is this mark or keyword. */
  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#at += 1;
    return true;
  }

  /** Takes this mark or keyword; anything else is an error. */
  expect(text: string): void {
    if (!this.accept(text)) this.fail(`expected ${text}`);
  }

  /** Takes a name. */
  expectName(): string {
    if (this.current.kind !== 'name') this.fail('expected a name');
    return this.take().text;
  }

  /** Runs a part of the parser one level deeper; the depth is limited. */
  nested<Result>(parse: () => Result): Result {
    if (this.#depth >= maxDepth) this.fail('nested too deep');
    this.#depth += 1;
    try {
      return parse();
    } finally {
      this.#depth -= 1;
    }
  }

  /** @throws RegoError `syntax` with the place of the word at hand */
  fail(problem: string): never {
    const { line, text } = this.current;
    throw new RegoError('syntax', `line ${line.toString()}: ${problem}, found ${text}`);
  }
}

const maxDepth = 200;
