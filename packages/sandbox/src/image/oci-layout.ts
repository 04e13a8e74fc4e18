// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { describeError, SandboxError } from '../sandbox-error.ts';

/** Annotation that gives a manifest its tag. Source: OCI image specification 1.1, annotations.md. */
const tagAnnotation = 'org.opencontainers.image.ref.name';

/** Limit of a manifest or configuration, in bytes; registries agree on 4 MiB. */
const maxJsonBytes = 4 * 1024 * 1024;

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'is not a sha256 digest'),
  annotations: z.record(z.string(), z.string()).optional(),
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
});
const index = z.object({ schemaVersion: z.literal(2), manifests: z.array(descriptor) });
const manifest = z.object({ schemaVersion: z.literal(2), config: descriptor, layers: z.array(descriptor) });
const configuration = z.object({
  config: z
    .object({
      Env: z.array(z.string()).nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      User: z.string().nullish(),
      WorkingDir: z.string().nullish(),
    })
    .nullish(),
});

/** One image of an OCI layout. */
export interface LayoutImage {
  /** Its tag. */
  readonly tag: string;
  /** Digest of its manifest, hexadecimal. */
  readonly manifestDigest: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly user: string;
  readonly workingDirectory: string;
}

/**
 * Reads what an OCI image layout says about one of its images. Error: `invalid_image`.
 * @param directory the layout
 * @param tag the image; without it the only tagged one, or `latest` among several
 */
export async function readLayout(directory: string, tag: string | undefined): Promise<LayoutImage> {
  const { manifests } = await readJson(join(directory, 'index.json'), index, undefined);
  const tagged = new Map(
    manifests.flatMap((entry) => {
      const name = entry.annotations?.[tagAnnotation];
      return name === undefined ? [] : [[name, entry] as const];
    }),
  );
  const wanted = tag ?? (tagged.size === 1 ? [...tagged.keys()][0] : undefined) ?? 'latest';
  const chosen = tagged.get(wanted);
  if (chosen === undefined) {
    const choice = [...tagged.keys()].join(', ');
    throw new SandboxError(
      'invalid_image',
      `OCI layout ${directory} has no image ${JSON.stringify(wanted)}`,
      {
        remedy: choice === '' ? 'tag an image with `umoci tag`' : `name one of its tags: ${choice}`,
      },
    );
  }
  if (chosen.mediaType.includes('index')) {
    throw new SandboxError(
      'invalid_image',
      `image ${JSON.stringify(wanted)} of ${directory} is for several platforms`,
      {
        remedy: 'copy one platform into a layout with `skopeo copy`',
      },
    );
  }
  const { config } = await readBlob(directory, chosen.digest, manifest);
  const { config: settings } = await readBlob(directory, config.digest, configuration);
  return {
    tag: wanted,
    manifestDigest: chosen.digest.replace('sha256:', ''),
    env: settings?.Env ?? [],
    entrypoint: settings?.Entrypoint ?? [],
    cmd: settings?.Cmd ?? [],
    user: settings?.User ?? '',
    workingDirectory: settings?.WorkingDir ?? '',
  };
}

function readBlob<T>(directory: string, digest: string, schema: z.ZodType<T>): Promise<T> {
  const hex = digest.replace('sha256:', '');
  return readJson(join(directory, 'blobs', 'sha256', hex), schema, hex);
}

async function readJson<T>(path: string, schema: z.ZodType<T>, sha256: string | undefined): Promise<T> {
  try {
    await using file = await open(path);
    if ((await file.stat()).size > maxJsonBytes) throw new Error(`is larger than ${maxJsonBytes} bytes`);
    const content = await file.readFile();
    if (sha256 !== undefined && createHash('sha256').update(content).digest('hex') !== sha256) {
      throw new Error('does not match its digest');
    }
    return schema.parse(JSON.parse(content.toString('utf8')));
  } catch (cause) {
    const why =
      cause instanceof z.ZodError ? z.prettifyError(cause).split('\n').join(' ') : describeError(cause);
    throw new SandboxError('invalid_image', `${path} is not usable: ${why}`, {
      cause,
      remedy: 'name a directory that holds an OCI image layout',
    });
  }
}
