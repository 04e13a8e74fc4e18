// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

/** A queue of an adjunct processor of s390x. */
export interface ApAddress {
  /** 0 to 0xff. */
  readonly adapter: number;
  /** 0 to 0xffff. */
  readonly domain: number;
}

const maxAdapter = 0xff;
const maxDomain = 0xffff;

function refuse(text: string, what: string, part: string): never {
  throw new AgentError('invalid_request', `Wrong AP bus format. ${what}, got ${JSON.stringify(part)}`, {
    operand: text,
  });
}

function parseHex(text: string): number {
  return /^[0-9a-f]+$/i.test(text) ? parseInt(text, 16) : NaN;
}

/**
 * Reads `<xx>.<xxxx>` in hexadecimal, with or without leading zeroes. The texts of the errors are upstream's.
 *
 * @throws AgentError `invalid_request`
 */
export function parseApAddress(text: string): ApAddress {
  const parts = text.split('.');
  const [adapterText = '', domainText = ''] = parts;
  if (parts.length !== 2) {
    refuse(text, 'It needs to be in the form <xx>.<xxxx> (e.g. 0a.003f)', text);
  }
  const adapter = parseHex(adapterText);
  if (!(adapter <= maxAdapter)) refuse(text, 'AP ID needs to be in the form <xx> (e.g. 0a)', adapterText);
  const domain = parseHex(domainText);
  if (!(domain <= maxDomain))
    refuse(text, 'AP domain needs to be in the form <xxxx> (e.g. 003f)', domainText);
  return { adapter, domain };
}

/** Prints two digits for the adapter, four for the domain: `0a.003f`. */
export function formatApAddress({ adapter, domain }: ApAddress): string {
  return `${adapter.toString(16).padStart(2, '0')}.${domain.toString(16).padStart(4, '0')}`;
}
