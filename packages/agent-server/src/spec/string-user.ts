// SPDX-License-Identifier: Apache-2.0
import type { OciProcess, OciUser } from '@hako/protocols';
import type { StringUser } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { readInRoot } from '../paths/read-in-root.ts';

/** The files of real systems have some kilobytes. */
const maxFileBytes = 1024 * 1024;
/** The largest id; one more means "none" to the kernel. */
const maxId = 2 ** 32 - 2;

interface Account {
  readonly name: string;
  readonly id: number;
  /** The primary group of a user; a group has none. */
  readonly gid: number;
}

function idOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= maxId ? id : undefined;
}

/** Lines of passwd(5) and group(5) alike: `name:password:id:gid or members:…`. Lines that are none are skipped. */
function readAccounts(rootfs: string, path: string): Account[] {
  const text = readInRoot(rootfs, path, maxFileBytes)?.toString('utf8') ?? '';
  return text.split('\n').flatMap((line) => {
    const [name = '', , idText, gidText] = line.split(':');
    const id = idOf(idText);
    return name === '' || id === undefined ? [] : [{ name, id, gid: idOf(gidText) ?? 0 }];
  });
}

/** A name wins over a number, as with login(1) and chown(1). */
function find(accounts: readonly Account[], text: string): Account | undefined {
  return accounts.find(({ name }) => name === text) ?? accounts.find(({ id }) => id === idOf(text));
}

function unknown(kind: string, text: string): AgentError {
  const problem = `the container has no ${kind} ${JSON.stringify(text)}`;
  return new AgentError('invalid_spec', problem, { operand: text });
}

function resolveUser(rootfs: string, wanted: StringUser, present: OciUser): OciUser {
  const users = wanted.uid === '' ? [] : readAccounts(rootfs, '/etc/passwd');
  const user = wanted.uid === '' ? undefined : find(users, wanted.uid);
  const uid = wanted.uid === '' ? present.uid : (user?.id ?? idOf(wanted.uid));
  if (uid === undefined) throw unknown('user', wanted.uid);

  const groups =
    wanted.gid === '' && wanted.additionalGids.length === 0 ? [] : readAccounts(rootfs, '/etc/group');
  const groupOf = (text: string): number => {
    const gid = find(groups, text)?.id ?? idOf(text);
    if (gid === undefined) throw unknown('group', text);
    return gid;
  };
  const gid = wanted.gid === '' ? (user?.gid ?? present.gid) : groupOf(wanted.gid);
  const additionalGids = [...(present.additionalGids ?? []), ...wanted.additionalGids.map(groupOf)];
  return additionalGids.length === 0
    ? { uid, gid }
    : { uid, gid, additionalGids: [...new Set(additionalGids)] };
}

/**
 * Puts a user given by name in the place of the numeric one. Upstream ignores such names; no known host sends them, so
 * whoever does means them.
 *
 * @param wanted - names or numbers; what is empty stays as `process.user` has it, but a named user brings its group along
 * @param rootfs - the container's root file system; its passwd(5) and group(5) files are read as the container sees them
 * @throws AgentError `invalid_spec` for a name the container does not know, `path_refused` for files that are none
 */
export function withStringUser(
  process: OciProcess,
  wanted: StringUser | undefined,
  rootfs: string,
): OciProcess {
  if (wanted === undefined) return process;
  if (wanted.uid === '' && wanted.gid === '' && wanted.additionalGids.length === 0) return process;
  return { ...process, user: resolveUser(rootfs, wanted, process.user ?? { uid: 0, gid: 0 }) };
}
