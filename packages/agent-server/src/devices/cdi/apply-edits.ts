// SPDX-License-Identifier: Apache-2.0
import type { OciDevice, OciHooks, OciMount, OciProcess, OciSpec } from '@hako/protocols';
import { readNode } from '../device-number.ts';
import type { CdiDeviceNode, CdiEdits } from './cdi-spec.ts';

function withVariables(env: readonly string[], added: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const variable of [...env, ...added]) byName.set(variable.split('=', 1)[0] ?? '', variable);
  return [...byName.values()];
}

function editProcess(process: OciProcess, { env, additionalGids }: CdiEdits): OciProcess {
  const { user = { uid: 0, gid: 0 } } = process;
  const gids = [...new Set([...(user.additionalGids ?? []), ...additionalGids.filter((gid) => gid !== 0)])];
  return {
    ...process,
    env: withVariables(process.env ?? [], env),
    user: gids.length === 0 ? user : { ...user, additionalGids: gids },
  };
}

/** A node as the container gets it. What the file leaves out is the guest's, or the container's user's. */
async function nodeOf(node: CdiDeviceNode, { user }: OciProcess): Promise<OciDevice> {
  const { path, hostPath, fileMode, type, major, minor = 0 } = node;
  const isGiven = type !== undefined && (major !== undefined || type === 'p');
  const number = isGiven
    ? { type, ...(major === undefined ? {} : { major, minor }) }
    : await readNode(hostPath);
  const ofUser = (id: number | undefined) => (id === undefined || id === 0 ? undefined : id);
  const uid = node.uid ?? ofUser(user?.uid);
  const gid = node.gid ?? ofUser(user?.gid);
  return { path, ...number, fileMode, uid, gid };
}

function editMounts(mounts: readonly OciMount[], added: readonly OciMount[]): OciMount[] {
  if (added.length === 0) return [...mounts];
  const depth = ({ destination }: OciMount) => destination.split('/').filter((part) => part !== '').length;
  const kept = mounts.filter(({ destination }) => added.every((mount) => mount.destination !== destination));
  return [...kept, ...added].toSorted((left, right) => depth(left) - depth(right));
}

function editHooks(hooks: OciHooks | undefined, { hooks: added }: CdiEdits): OciHooks | undefined {
  if (added.length === 0) return hooks;
  const edited: OciHooks = { ...hooks };
  for (const { stage, ...hook } of added) edited[stage] = [...(edited[stage] ?? []), hook];
  return edited;
}

/** Makes changes to a specification, in the way the reference library of CDI does: what they name is replaced. */
export async function applyEdits(spec: OciSpec, edits: CdiEdits): Promise<OciSpec> {
  const linux = spec.linux ?? {};
  const process = editProcess(spec.process ?? { cwd: '/' }, edits);
  const added = await Promise.all(
    edits.deviceNodes.map(async (node) => ({
      device: await nodeOf(node, process),
      access: node.permissions,
    })),
  );
  const kept = (linux.devices ?? []).filter(({ path }) => added.every(({ device }) => device.path !== path));
  const rules = added.flatMap(({ device: { type, major, minor }, access }) =>
    type === 'b' || type === 'c' ? [{ allow: true, type, major, minor, access }] : [],
  );
  const hooks = editHooks(spec.hooks, edits);
  return {
    ...spec,
    process,
    mounts: editMounts(spec.mounts ?? [], edits.mounts),
    ...(hooks === undefined ? {} : { hooks }),
    linux: {
      ...linux,
      devices: [...kept, ...added.map(({ device }) => device)],
      resources: { ...linux.resources, devices: [...(linux.resources?.devices ?? []), ...rules] },
    },
  };
}
