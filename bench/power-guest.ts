import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startChild, type Owner } from '../test/helpers/children.js';
import { waitFor } from '../test/helpers/wait.js';
import type { PowerDisk } from './power-disk.js';

/** Emulated, beside whatever else the machine does. */
const DEADLINE_MS = 180_000;
/** In the log of writes a flush is a sector, a write at least two. */
const WRITE_BYTES = 1024;

/** A line of the guest's second serial line: of scripts/kernel.d/power-initramfs or of the node. */
type Said =
  | { readonly says: 'mounting' | 'mounted' | 'ready' | 'stopped' | 'unmounted' | 'note' }
  | { readonly says: 'committed'; readonly tokens: number };

/** `sync`: the journal's fdatasync does nothing. `barriers`: the guest's ext4 never asks the disk to flush. */
export type Broken = 'none' | 'sync' | 'barriers';

export interface GuestOptions {
  /** Where the kernel and the initramfs are. */
  readonly cache: string;
  readonly disk: PowerDisk;
  readonly firstToken: number;
  /** Of the commands the node is given. */
  readonly seed: number;
  /** How many of them before it ends in order; -1: it never does. */
  readonly commands: number;
  readonly broken: Broken;
}

/** An emulated machine that runs a node without sensors on a disk. */
export class PowerGuest {
  private readonly child: ChildProcess;
  private readonly said: Said[] = [];
  private readonly gone: Promise<unknown>;

  constructor(
    owner: Owner,
    private readonly options: GuestOptions,
  ) {
    options.disk.beginBoot();
    this.child = startChild(owner, ['qemu-system-x86_64', ...qemuArguments(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.gone = once(this.child, 'close');
    this.follow();
  }

  get ready(): boolean {
    return this.has('ready');
  }

  /** Actions that the guest said are durable: those from its first to this one, which is not. */
  get committed(): number {
    const tokens = this.said.flatMap((line) => (line.says === 'committed' ? [line.tokens] : []));
    return tokens.at(-1) ?? this.options.firstToken;
  }

  async reaches(what: string, condition: () => boolean): Promise<void> {
    await waitFor(what, () => condition() || !this.alive(), DEADLINE_MS);
    if (!condition()) throw new Error(`the guest ended before ${what}:\n${this.console()}`);
  }

  has(says: Said['says']): boolean {
    return this.said.some((line) => line.says === says);
  }

  /**
   * Resolves in the middle of the guest's writing: something was sent to the disk and not flushed yet. It looks without a
   * pause, as there is about a millisecond between the two.
   */
  async writes(): Promise<void> {
    const size = (): number => statSync(this.options.disk.log).size;
    for (let [before, now] = [size(), size()]; now - before < WRITE_BYTES && this.alive();) {
      [before, now] = [now, size()];
      await nextTurn();
    }
  }

  /** Takes the power away; resolves when everything it said before was read. */
  async cut(): Promise<void> {
    if (!this.alive()) throw new Error(`the guest ended by itself:\n${this.console()}`);
    this.child.kill('SIGKILL');
    await this.gone;
  }

  async ended(): Promise<void> {
    await this.reaches('the end', () => this.has('unmounted'));
    await this.gone;
  }

  private alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  private console(): string {
    return readFileSync(join(this.options.cache, 'console.log'), 'utf8');
  }

  /** Whole lines only: the last one may have been cut with the power. */
  private follow(): void {
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('{')) this.said.push(JSON.parse(line) as Said);
    });
  }
}

function qemuArguments({
  cache,
  disk,
  firstToken,
  seed,
  commands,
  broken,
}: GuestOptions): string[] {
  const environment = { FIRST_TOKEN: firstToken, LOAD_SEED: seed, COMMANDS: commands };
  const words = Object.entries({ ...environment, BROKEN: broken }).map(([k, v]) => `${k}=${v}`);
  // What the host does with a flush is nothing to the guest, as the host stays: only the log of writes takes note of it.
  const file = (name: string, path: string): string =>
    `${name}.driver=file,${name}.filename=${path},${name}.cache.no-flush=on`;
  const drive = `driver=blklogwrites,node-name=disk,log-sector-size=512`;
  return [
    ...['-machine', 'q35', '-accel', 'tcg', '-cpu', 'max', '-smp', '1', '-m', '1024'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-kernel', join(cache, 'vmlinuz'), '-initrd', join(cache, 'power-initramfs')],
    ...['-append', `console=ttyS0 quiet panic=-1 mitigations=off ${words.join(' ')}`],
    ...['-serial', `file:${join(cache, 'console.log')}`, '-serial', 'stdio'],
    ...['-device', 'virtio-rng-pci'],
    ...['-blockdev', `${drive},${file('file', disk.disk)},${file('log', disk.log)}`],
    // A disk with a cache of its own, which it says it has: the guest must flush.
    ...['-device', 'virtio-blk-pci,drive=disk,write-cache=on,discard=off,write-zeroes=off'],
  ];
}
