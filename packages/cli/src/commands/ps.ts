// SPDX-License-Identifier: Apache-2.0
import { isRunning, listContainers, listSandboxes, type SandboxListing } from '@hako/sandbox';

import type { CliComponents } from '../cli-components.ts';
import { nameOf } from '../container-name.ts';
import { columns } from '../table.ts';

const maxCommandLength = 40;

/** How `hako ps` prints. */
export interface PsRequest {
  readonly json: boolean;
  readonly quiet: boolean;
  /** The containers of sandboxes that run, instead of sandboxes. */
  readonly containers: boolean;
}

/**
 * `hako ps`: the sandboxes of this machine, running or kept.
 * @param request how to print
 * @param components the program's world
 */
export async function ps(request: PsRequest, components: CliComponents): Promise<number> {
  const listings = await listSandboxes();
  if (request.containers) {
    components.stdout.write(printed(request, await runningContainers(listings)));
    return 0;
  }
  if (request.json) {
    components.stdout.write(`${JSON.stringify(listings.map(publicView), null, 2)}\n`);
  } else if (request.quiet) {
    components.stdout.write(listings.map(({ id }) => `${id}\n`).join(''));
  } else {
    const rows = listings.map((listing) => [
      listing.id,
      listing.image ?? '',
      shortCommand(listing.command ?? []),
      `${age(listing.createdAt)} ago`,
      status(listing),
    ]);
    components.stdout.write(columns(['NAME', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS'], rows));
  }
  return 0;
}

interface ListedContainer {
  /** What `exec`, `stats` and the like take. */
  readonly name: string;
  readonly sandbox: string;
  readonly id: string;
  readonly command: readonly string[];
  readonly createdAt: string;
  /** How its program ended, once it has; the container is still there then. */
  readonly exitCode?: number;
  /** Frozen. */
  readonly paused?: true;
}

async function runningContainers(listings: readonly SandboxListing[]): Promise<readonly ListedContainer[]> {
  const lists = await Promise.all(
    listings.filter(isRunning).map(async (record) => {
      const notes = await listContainers(record);
      return notes.map(({ id, command, createdAt, exitCode, paused }) => ({
        ...{ name: nameOf({ record }, id), sandbox: record.id, id, command, createdAt },
        ...(exitCode === undefined ? {} : { exitCode }),
        ...(paused && { paused }),
      }));
    }),
  );
  return lists.flat();
}

function printed({ json, quiet }: PsRequest, containers: readonly ListedContainer[]): string {
  if (json) return `${JSON.stringify(containers, null, 2)}\n`;
  if (quiet) return containers.map(({ name }) => `${name}\n`).join('');
  const rows = containers.map(({ name, command, createdAt, exitCode, paused = false }) => {
    const state = exitCode === undefined ? (paused ? 'paused' : 'up') : `exited (${exitCode})`;
    return [name, shortCommand(command), `${age(createdAt)} ago`, state];
  });
  return columns(['NAME', 'COMMAND', 'CREATED', 'STATUS'], rows);
}

/** The environment of a container may hold secrets, and descriptors are the owner's: neither is for a list. */
function publicView(listing: SandboxListing): object {
  return { ...listing, process: undefined, guest: undefined, survival: undefined, outcome: undefined };
}

function shortCommand(command: readonly string[]): string {
  const text = JSON.stringify(command.join(' '));
  return text.length > maxCommandLength ? `${text.slice(0, maxCommandLength - 2)}…"` : text;
}

function status({
  status: name,
  exitCode,
  error,
  finishedAt,
  containerId,
  oomKilled,
}: SandboxListing): string {
  const isOutOfMemory = containerId !== undefined && oomKilled?.includes(containerId) === true;
  const reasons = [
    ...(exitCode === undefined ? [] : [exitCode]),
    ...(isOutOfMemory ? ['out of memory'] : []),
  ];
  const when = finishedAt === undefined ? '' : ` ${age(finishedAt)} ago`;
  if (name === 'exited') return `exited${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}${when}`;
  if (name === 'failed') return `failed${when}${error === undefined ? '' : `: ${error}`}`;
  return name;
}

function age(since: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
  const units = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'm'],
  ] as const;
  for (const [size, unit] of units) if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`;
  return `${seconds}s`;
}
