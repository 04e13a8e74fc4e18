// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import { TtrpcError } from '../ttrpc-error.ts';

/** Where a peer listens. */
export type Address =
  /** A unix socket; `abstract` names live in Linux's abstract name space and have no file. */
  | { readonly scheme: 'unix'; readonly path: string; readonly abstract: boolean }
  /** AF_VSOCK; context id 4294967295 (written -1) means any. */
  | { readonly scheme: 'vsock'; readonly contextId: number; readonly port: number }
  /** Hybrid vsock: a unix socket that connects to a guest's port after a CONNECT line. */
  | { readonly scheme: 'hvsock'; readonly path: string; readonly port: number }
  /** On the host the unix socket behind a virtio-serial port; in the guest a port's device path or name. */
  | { readonly scheme: 'serial'; readonly path: string }
  /** A TCP endpoint; `host` is an IP address without brackets. */
  | { readonly scheme: 'tcp'; readonly host: string; readonly port: number };

/** Longest path of a unix socket in bytes: sun_path has 108 with the final zero (unix(7)). */
export const maxUnixPathBytes = 107;

/** The context id that means any (VMADDR_CID_ANY, vsock(7)). */
export const anyContextId = 0xffff_ffff;

/**
 * Reads an address: `unix://PATH`, `unix://@NAME`, `vsock://CID:PORT`, `hvsock://PATH:PORT`, `serial://PATH`,
 * `tcp://IP:PORT` (IPv6 in brackets).
 * @throws {@link TtrpcError} `invalid_address`
 */
export function parseAddress(text: string): Address {
  const [, scheme, rest] = /^([a-z]+):\/\/(.+)$/s.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) throw invalid(text, 'is not SCHEME://PLACE');
  if (rest.includes('\0')) throw invalid(text, 'has a zero byte');
  switch (scheme) {
    case 'unix':
      return parseUnix(text, rest);
    case 'vsock': {
      const [cid, port] = splitPort(text, rest);
      return { scheme, contextId: cid === '-1' ? anyContextId : parseUint32(text, cid, 'context id'), port };
    }
    case 'hvsock': {
      const [path, port] = splitPort(text, rest);
      return { scheme, path: checkPath(text, path), port };
    }
    case 'serial':
      return { scheme, path: checkPath(text, rest) };
    case 'tcp': {
      const [bracketed, port] = splitPort(text, rest);
      const host = bracketed.replace(/^\[(.*)\]$/, '$1');
      if (isIP(host) === 0 || (isIP(host) === 6) !== bracketed.startsWith('[')) {
        throw invalid(text, 'does not begin with an IP address (IPv6 in brackets)');
      }
      if (port > 65_535) throw invalid(text, 'has a port above 65535');
      return { scheme, host, port };
    }
    default:
      throw invalid(text, `has an unknown scheme`);
  }
}

/** Writes an address as {@link parseAddress} reads it. */
export function formatAddress(address: Address): string {
  switch (address.scheme) {
    case 'unix':
      return `unix://${address.abstract ? '@' : ''}${address.path}`;
    case 'vsock':
      return `vsock://${address.contextId === anyContextId ? -1 : address.contextId}:${address.port}`;
    case 'hvsock':
      return `hvsock://${address.path}:${address.port}`;
    case 'serial':
      return `serial://${address.path}`;
    case 'tcp':
      return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
  }
}

/** Takes either form of an address. */
export function toAddress(address: Address | string): Address {
  return typeof address === 'string' ? parseAddress(address) : address;
}

function parseUnix(text: string, rest: string): Address {
  const abstract = rest.startsWith('@');
  const path = abstract ? rest.slice(1) : rest;
  if (path === '') throw invalid(text, 'has no name');
  return { scheme: 'unix', path: checkPath(text, path), abstract };
}

function checkPath(text: string, path: string): string {
  if (path === '') throw invalid(text, 'has no path');
  const bytes = Buffer.byteLength(path);
  if (bytes > maxUnixPathBytes) {
    throw invalid(text, `has a path of ${bytes} bytes, sockets take ${maxUnixPathBytes}`);
  }
  return path;
}

function splitPort(text: string, rest: string): [place: string, port: number] {
  const colon = rest.lastIndexOf(':');
  if (colon < 0) throw invalid(text, 'has no port');
  return [rest.slice(0, colon), parseUint32(text, rest.slice(colon + 1), 'port')];
}

function parseUint32(text: string, digits: string, what: string): number {
  const value = /^\d{1,10}$/.test(digits) ? Number(digits) : NaN;
  if (!(value <= 0xffff_ffff)) throw invalid(text, `has a ${what} that is not a 32-bit number`);
  return value;
}

function invalid(text: string, why: string): TtrpcError {
  return new TtrpcError('invalid_address', `address ${JSON.stringify(text.slice(0, 200))} ${why}`);
}
