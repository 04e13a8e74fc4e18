// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';

/** An image that is ready to run: a root directory on the host and what it says about its process. */
export interface ContainerImage {
  /** As the caller named it. */
  readonly reference: string;
  /** Root directory, absolute, symbolic links resolved. A guest never changes it. */
  readonly rootfs: string;
  /** Names its content, for caches. Absent: the directory is somebody's and may change. */
  readonly contentKey?: string;
  /** Whether the container shall see its root read-only rather than through a writable layer in the guest's memory. */
  readonly readOnly: boolean;
  /** Entry point and arguments; may be empty. */
  readonly command: readonly string[];
  /** The part of {@link ContainerImage.command} that arguments of a caller are appended to; may be empty. */
  readonly entrypoint: readonly string[];
  /** `NAME=VALUE` each. */
  readonly env: readonly string[];
  /** Working directory in the container. */
  readonly cwd: string;
  /** `USER[:GROUP]`; empty for root. */
  readonly user: string;
  /** Directory of the bundle, absolute, when the image is one. */
  readonly bundle?: string;
  /** The bundle's own specification, when the image is a bundle. */
  readonly spec?: OciSpec;
}
