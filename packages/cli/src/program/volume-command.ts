// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import type { CliComponents } from '../cli-components.ts';
import type { VolumeWords } from '../commands/volume.ts';
import { collect } from './collect.ts';
import type { Finish } from './finish.ts';

/**
 * Adds `hako volume`.
 * @param program the program
 * @param components its world
 * @param finish receives the exit code
 */
export function addVolumeCommand(program: Command, components: CliComponents, finish: Finish): void {
  const volume = program
    .command('volume')
    .description(
      'assign disks to directories: who shares the directory gets the disk (direct volumes of Kata)',
    );
  volume
    .command('add')
    .description('assign a disk, or a file that holds one')
    .argument('<directory>')
    .option('--device <path>', 'the disk')
    .option('--fstype <type>', 'the file system on it')
    .option('--option <option>', 'option of mount(8); may be repeated', collect)
    .option('--read-only', 'nobody writes to it')
    .option('--format', 'make ext4 on it first: everything on it is lost')
    .option('--fsgroup <gid>', 'give its files to a group')
    .action(async (directory: string, words: VolumeWords) => {
      const { addVolume } = await import('../commands/volume.ts');
      finish(await addVolume(directory, words));
    });
  volume
    .command('rm')
    .description('take the assignment back')
    .argument('<directory...>')
    .action(async (directories: string[]) => {
      const { removeVolumes } = await import('../commands/volume.ts');
      finish(await removeVolumes(directories));
    });
  volume
    .command('stats')
    .description('show how full a volume is that a container has')
    .argument('<directory>')
    .option('--json', 'for programs')
    .action(async (directory: string, { json = false }: { json?: boolean }) => {
      const { volumeStats } = await import('../commands/volume.ts');
      finish(await volumeStats(directory, json, components));
    });
  volume
    .command('resize')
    .description('make a volume that a container has larger, with its ext4 or xfs')
    .argument('<directory>')
    .argument('<size>', 'such as 2g; the file is extended, a block device has to have it')
    .action(async (directory: string, size: string) => {
      const { resizeVolume } = await import('../commands/volume.ts');
      finish(await resizeVolume(directory, size));
    });
}
