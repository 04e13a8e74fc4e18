// SPDX-License-Identifier: Apache-2.0
import type { GuestAgent } from '../process/guest-agent.ts';
import type { Logger } from '../logger.ts';
import type { SharePlace } from './join-share.ts';
import type { CheckedSharing } from './sharing-options.ts';

/** Something of the host that the guest shall see. */
export interface ShareRequest {
  /** Path below the share: `NAME` or `DIRECTORY/NAME`. */
  readonly name: string;
  /** Directory or file on the host, absolute, symbolic links resolved. */
  readonly source: string;
  readonly readOnly: boolean;
  /** Whether the agent keeps copies of it up to date, in a directory that has to be there then. Default false. */
  readonly isWatched?: boolean;
}

/** Host files given to one guest, whatever the kind of sharing. */
export interface FileShare {
  /** Settles when the back end ends, asked or not, or was let go of; the text says what ended, and how. */
  readonly ended: Promise<string>;
  /** Where other processes can join it; absent when files are copied, which needs the agent alone. */
  readonly place?: SharePlace;
  /** Gives it the agent, through which a share without a back end works. Called once, when the guest answers. */
  connect?(agent: Pick<GuestAgent, 'copyFile'>): void;
  /**
   * Makes files of the host visible to the guest. What is added under a name stands below the shared directory of the
   * guest. A share that copies waits for its agent. Errors: `share_failed`, `aborted`.
   */
  add(requests: readonly ShareRequest[], signal: AbortSignal): Promise<void>;
  /** Takes files away from the guest again; open files stay usable. Copies stay, and are not renewed any more. */
  remove(names: readonly string[]): Promise<void>;
  /** Lets go of a back end that survives its owner. Idempotent. */
  release?(): Promise<void>;
  /** Ends the back end; every bind vanishes with it. Idempotent, bounded. */
  close(): Promise<void>;
}

/** What starting a share needs. */
export interface FileShareOptions {
  /** Run directory of the sandbox. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly sharing: CheckedSharing;
  /** Path of the daemon of virtio-fs; default: the installed one. */
  readonly virtiofsd?: string | undefined;
  /** Whether it goes on when this process dies, for another one to take up. Default false. */
  readonly survivesOwner?: boolean | undefined;
  /** Hears of copies that could not be renewed. */
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Starts sharing files in the way that was chosen. Only that way is loaded.
 * Errors: `invalid_options`, `tool_missing`, `share_failed`, `aborted`, `timeout`.
 * @param options where and how
 */
export async function startFileShare(options: FileShareOptions): Promise<FileShare> {
  const { sharing } = options;
  switch (sharing.kind) {
    case 'virtio-fs':
      return (await import('./virtiofsd-share.ts')).startVirtiofsdShare({ ...options, sharing });
    case '9p':
      return (await import('./nine-p-share.ts')).startNinePShare(options);
    case 'none':
      return new (await import('./copy-share.ts')).CopyShare(options);
    default:
      return sharing satisfies never;
  }
}
