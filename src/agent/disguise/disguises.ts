import {
  processId,
  type Command,
  type ExecEvent,
  type ImageFact,
  type ImageId,
  type Origin,
  type ProcessFact,
  type ProcessKey,
  type RenameEvent,
} from '../../event/index.js';
import { seeArgv0 } from './argv0.js';
import { Budget } from './budget.js';
import { Doubts } from './doubts.js';
import {
  isCopy,
  isMemfd,
  isSameAgain,
  likelySources,
  seeDeleted,
  seeDeletedSince,
  seeFileless,
  sourcesOf,
  type ParentImage,
  type Source,
} from './fileless.js';
import { ImageBook } from './image-book.js';
import { seeImageName } from './image-name.js';
import { LaterLooks } from './later-looks.js';
import { seeLoader } from './loader.js';
import { seeMoved } from './moved.js';
import type { DisguiseStep, Observation, Sight } from './observation.js';
import { preloadsOf, seePreload } from './preload.js';
import { bare, knownFromExec, ProcessBook, type Known } from './process-book.js';
import { SeenSet } from './seen-set.js';
import { seeStdinScript } from './stdin-script.js';
import { systemNameIn } from './system-names.js';
import { running, seeTitle, seeTitles } from './title.js';

const PRELOADS_MAX = 4096;
/** Of files executed from memory with what they may be copies of: each reads up to 128 MiB. */
const COMPARISONS = 16;
const COMPARISONS_PER_S = 2;

export interface DisguiseStats {
  readonly processes: number;
  readonly processesEvicted: number;
  readonly images: number;
  readonly imagesEvicted: number;
  /** Processes not judged by their image, because too many waited for it. */
  readonly imagesRefused: number;
  readonly doubts: number;
  readonly doubtsRefused: number;
  readonly looksWaiting: number;
  /** Processes not looked at a second after their exec, because too many waited for it. */
  readonly looksRefused: number;
}

/** Watches the processes of agents for what hides what they are. Each way of hiding is told once for a process. */
export class Disguises {
  readonly #processes = new ProcessBook();
  readonly #images = new ImageBook();
  readonly #preloads = new SeenSet(PRELOADS_MAX);
  readonly #doubts = new Doubts();
  readonly #later = new LaterLooks();
  readonly #comparisons = new Budget(COMPARISONS, COMPARISONS_PER_S);
  #observations: Observation[] = [];
  #commands: Command[] = [];

  /** `parent`: what the process that forked it runs; null: not known. */
  exec(event: ExecEvent, parent: ParentImage | null): DisguiseStep {
    const before = this.#processes.get(processId(event.key));
    if (before !== undefined) {
      this.#doubts.delete(before);
      this.#later.delete(before);
    }
    const known = this.#processes.put(knownFromExec(event));
    this.#later.add(known);
    const kind = this.#images.peek(event.file)?.kind ?? null;
    this.#see(known, seeArgv0(event, kind));
    this.#see(known, seeLoader(event));
    this.#see(known, seeStdinScript(event, kind, parent?.exe ?? ''));
    this.#preload(known, event);
    if (event.nlink === 0) this.#nameless(known, event, sourcesOf(before, parent));
    this.#judgeImage(known, event);
    return this.#take();
  }

  rename(event: RenameEvent): DisguiseStep {
    if (systemNameIn(event.to) === null) return this.#take();
    const known = this.#find(event.key, event.origin);
    if (known.exe !== '') {
      this.#see(known, seeTitle(event.to, 'comm', running(known)), event.origin);
    } else {
      known.claimed ??= event.to;
      this.#lookUp(known);
    }
    return this.#take();
  }

  /** Its first flow since its exec. `origin`: of that flow, for a process whose exec was not seen. */
  flow(key: ProcessKey, origin: Origin | null = null): DisguiseStep {
    const known = origin === null ? this.#processes.get(processId(key)) : this.#find(key, origin);
    if (known?.looked === false) {
      known.looked = true;
      this.#lookUp(known);
    }
    return this.#take();
  }

  fact(fact: ImageFact | ProcessFact): DisguiseStep {
    if (fact.fact === 'process') this.#looked(fact);
    else {
      for (const known of this.#images.answer(fact)) {
        if (known.file !== null)
          this.#see(known, seeImageName(known, this.#imageFact(known, fact)));
        this.#judgeFileless(known);
        this.#processes.release(known);
      }
    }
    return this.#take();
  }

  /** Looks at who lives for a second now, and again at what was contradicted a second ago. `nowNs`: CLOCK_BOOTTIME. */
  tick(nowNs: bigint): DisguiseStep {
    for (const known of this.#doubts.due(nowNs)) this.#lookUp(known);
    for (const known of this.#later.due(nowNs)) this.#lookUp(known);
    return this.#take();
  }

  exit(key: ProcessKey): void {
    const known = this.#processes.get(processId(key));
    if (known !== undefined) this.#later.delete(known);
    this.#processes.exit(key);
  }

  /** Of its last exec; null: none was seen. */
  imageOf(key: ProcessKey): ImageId | null {
    return this.#processes.get(processId(key))?.file ?? null;
  }

  stats(): DisguiseStats {
    const looks = { ...this.#doubts.stats(), ...this.#later.stats() };
    return { ...this.#processes.stats(), ...this.#images.stats(), ...looks };
  }

  /** Inherited by a whole lineage, so each value is told once for it. */
  #preload(known: Known, event: ExecEvent): void {
    for (const preloaded of preloadsOf(event)) {
      const sight = seePreload(event, preloaded);
      const lineage = processId(event.root ?? event.key);
      if (this.#preloads.add(`${lineage} ${preloaded.value}`)) this.#see(known, sight);
    }
  }

  #nameless(known: Known, event: ExecEvent, sources: readonly Source[]): void {
    if (isSameAgain(event, sources)) return;
    if (!isMemfd(event)) {
      this.#see(known, seeDeleted(event));
      return;
    }
    const likely = likelySources(event, sources);
    if (likely[0] !== undefined && !this.#comparisons.take(event.origin.bootNs)) {
      this.#see(known, seeFileless(event, likely[0]));
      return;
    }
    known.fileless = { event, sources: likely };
    const own = { image: event.file, path: event.path, through: event.key };
    if (likely.length > 0) this.#images.ask(known, own, 'digest', this.#commands);
    for (const { image, exe } of likely) {
      const place = { image, path: exe, through: event.parent };
      this.#images.ask(known, place, 'digest', this.#commands);
    }
    this.#judgeFileless(known);
  }

  /** Waits until each image was read; a source that is gone cannot excuse it. */
  #judgeFileless(known: Known): void {
    if (known.fileless === null) return;
    const { event, sources } = known.fileless;
    const all = sources.length === 0 ? [] : [event.file, ...sources.map(({ image }) => image)];
    if (all.some((image) => this.#images.isOpen(image))) return;
    known.fileless = null;
    const own = this.#images.peek(event.file);
    const facts = sources.map((source) => ({ source, fact: this.#images.peek(source.image) }));
    if (own !== null && facts.some(({ fact }) => fact !== null && isCopy(own, fact))) return;
    const unread = facts.find(({ fact }) => fact === null || own === null)?.source ?? null;
    this.#see(known, seeFileless(event, unread));
  }

  #judgeImage(known: Known, { file, path, key }: ExecEvent): void {
    if (file.size === 0n) return;
    const place = { image: file, path, through: key };
    const fact = this.#images.ask(known, place, 'content', this.#commands);
    if (fact !== null) this.#see(known, seeImageName(known, fact));
  }

  /** It may have waited for another image than its own. */
  #imageFact({ file }: Known, answered: ImageFact): ImageFact {
    return (file && this.#images.peek(file)) ?? { ...answered, gone: true };
  }

  #lookUp(known: Known): void {
    known.asked += 1;
    const { key, ranAt } = known;
    this.#commands.push({ do: 'look_up_process', key, env: [], ...(ranAt !== null && { ranAt }) });
  }

  #looked(fact: ProcessFact): void {
    const known = this.#processes.get(processId(fact.key));
    // Others ask about processes, too.
    if (known === undefined || known.asked === 0) return;
    known.asked -= 1;
    if (fact.gone) this.#doubts.delete(known);
    else this.#compare(known, fact);
    this.#processes.release(known);
  }

  #compare(known: Known, fact: ProcessFact): void {
    const moved = known.exe === '' ? null : seeMoved(known, fact);
    if (this.#doubts.confirms(known, moved?.way ?? null)) this.#see(known, moved, null, true);
    this.#see(known, seeDeletedSince(known, fact));
    // What an exec in between would explain is no title.
    if (moved !== null) return;
    for (const sight of seeTitles(known, fact)) this.#see(known, sight);
  }

  #find(key: ProcessKey, origin: Origin): Known {
    return this.#processes.get(processId(key)) ?? this.#processes.put(bare(key, origin));
  }

  #see(
    known: Known,
    sight: Sight | null,
    origin: Origin | null = null,
    needsEveryExec = false,
  ): void {
    if (sight === null || known.said.has(`${sight.rule} ${sight.way}`)) return;
    known.said.add(`${sight.rule} ${sight.way}`);
    const { key } = known;
    this.#observations.push({ ...sight, key, origin: origin ?? known.origin, needsEveryExec });
  }

  #take(): DisguiseStep {
    const step = { observations: this.#observations, commands: this.#commands };
    this.#observations = [];
    this.#commands = [];
    return step;
  }
}
