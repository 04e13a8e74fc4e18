// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isProcessIdentity, type ProcessIdentity } from '@hako/hypervisor';

import type { GuestTraits } from '../container/plan-container.ts';
import { replaceFile } from '../replace-file.ts';
import { isMachineTraits, type MachineTraits } from '../resources/machine-traits.ts';
import type { SharePlace } from '../share/join-share.ts';
import type { SurvivalRecord } from './survival-record.ts';
import { isListOf, isObject, isText } from './value-shape.ts';

/** Where a recorded sandbox is in its life. `exited` and `failed` records own no process any more. */
export type SandboxStatus = 'starting' | 'running' | 'stopping' | 'exited' | 'failed';

const statuses: readonly string[] = [
  'starting',
  'running',
  'stopping',
  'exited',
  'failed',
] satisfies SandboxStatus[];

/** How a sandbox ended. */
export interface Outcome {
  readonly status: 'exited' | 'failed';
  /** When it ended, ISO 8601. */
  readonly finishedAt: string;
  /** Exit code of the first container. */
  readonly exitCode?: number;
  /** Why it failed, one line. */
  readonly error?: string;
}

/** What has to be known of a running sandbox to make a container in it. */
export interface GuestRecord extends GuestTraits {
  /** Where its file sharing can be joined; absent when files are copied. */
  readonly share?: SharePlace;
  /** How large its machine can be; absent from records of older versions. */
  readonly machine?: MachineTraits;
}

/** What `state.json` in a run directory says; what `hako ps` shows. */
export interface SandboxRecord {
  /** Format of this record. */
  readonly version: 1;
  readonly id: string;
  readonly status: SandboxStatus;
  /** The process that holds the virtual machine. */
  readonly owner: ProcessIdentity;
  /** When the sandbox was asked for, ISO 8601. */
  readonly createdAt: string;
  /** When it ended, ISO 8601. */
  readonly finishedAt?: string;
  /** The image reference, as given. */
  readonly image?: string;
  /** The command of the first container. */
  readonly command?: readonly string[];
  /** The first container, for `exec`; its note in the run directory says more. */
  readonly containerId?: string;
  /** What further containers are made of, by other processes too. */
  readonly guest?: GuestRecord;
  /** Containers of which the guest killed a process for lack of memory; at most 256. */
  readonly oomKilled?: readonly string[];
  /** Exit code of the first container. */
  readonly exitCode?: number;
  /** Why it failed, one line. */
  readonly error?: string;
  /** While it is `stopping`: what is to be kept of it, if anything. */
  readonly outcome?: Outcome;
  /** What a process needs to go on with it once its owner is dead; absent where the sandbox dies with its owner. */
  readonly survival?: SurvivalRecord;
}

const recordFile = 'state.json';
const currentVersion = 1;

/**
 * Reads the record of a run directory; `undefined` when there is none or it cannot be understood.
 * @param directory the run directory
 */
export async function readRecord(directory: string): Promise<SandboxRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(directory, recordFile), 'utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Tells whether a record is only kept for reading.
 * @param record a record
 */
export function hasEnded({ status }: { readonly status: string }): boolean {
  return status === 'exited' || status === 'failed';
}

/**
 * Replaces the record atomically: a reader sees the old one or the new one.
 * @param directory the run directory
 * @param record what to write
 */
export async function writeRecord(directory: string, record: SandboxRecord): Promise<void> {
  await replaceFile(join(directory, recordFile), `${JSON.stringify(record, null, 2)}\n`);
}

function isRecord(value: unknown): value is SandboxRecord {
  if (!isObject(value)) return false;
  const { version, id, status, createdAt, owner } = value;
  return (
    version === currentVersion &&
    typeof id === 'string' &&
    typeof status === 'string' &&
    statuses.includes(status) &&
    typeof createdAt === 'string' &&
    isProcessIdentity(owner) &&
    isOptional(value['image'], 'string') &&
    isOptional(value['containerId'], 'string') &&
    isOptional(value['exitCode'], 'number') &&
    isOptional(value['error'], 'string') &&
    isOptional(value['finishedAt'], 'string') &&
    isOptionalTextList(value['command']) &&
    isOptionalTextList(value['oomKilled']) &&
    isOptionalOutcome(value['outcome']) &&
    isOptionalGuest(value['guest'])
  );
}

function isOptional(value: unknown, type: 'string' | 'number'): boolean {
  return value === undefined || typeof value === type;
}

function isOptionalOutcome(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isObject(value)) return false;
  const { status, finishedAt, exitCode, error } = value;
  return (
    (status === 'exited' || status === 'failed') &&
    typeof finishedAt === 'string' &&
    isOptional(exitCode, 'number') &&
    isOptional(error, 'string')
  );
}

function isOptionalGuest(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isObject(value)) return false;
  const {
    hostname,
    hasResolver,
    sharesPidNamespace,
    share = { namespaceFd: 0, namespace: '' },
    machine,
  } = value;
  return (
    typeof hostname === 'string' &&
    typeof hasResolver === 'boolean' &&
    typeof sharesPidNamespace === 'boolean' &&
    (machine === undefined || isMachineTraits(machine)) &&
    isObject(share) &&
    Number.isSafeInteger(share['namespaceFd']) &&
    typeof share['namespace'] === 'string'
  );
}

function isOptionalTextList(value: unknown): boolean {
  return value === undefined || isListOf(value, isText);
}
