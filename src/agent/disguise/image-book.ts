import {
  imageIdText,
  type Command,
  type ImageFact,
  type ImageId,
  type ProcessKey,
} from '../../event/index.js';
import type { Known } from './process-book.js';

const IMAGES_MAX = 8192;
const WAITING_MAX = 256;

/** What a question is about; an answer about the digest settles one about the content, too. */
type About = 'content' | 'digest';

interface Held {
  fact: ImageFact | null;
  digested: boolean;
  /** Questions that are open. */
  readonly open: Set<About>;
  readonly waiting: Map<Known, About>;
}

export interface Place {
  readonly image: ImageId;
  readonly path: string;
  readonly through: ProcessKey;
}

/** What is known of executable files, each content asked about once. The one longest not asked for goes first. */
export class ImageBook {
  readonly #held = new Map<string, Held>();
  readonly #limit: number;
  #evicted = 0;
  #refused = 0;

  constructor(limit = IMAGES_MAX) {
    this.#limit = limit;
  }

  /** What is known. null: it is not yet, and `known` is among those `answer` gives when it is. */
  ask(known: Known, place: Place, about: About, commands: Command[]): ImageFact | null {
    const held = this.#hold(imageIdText(place.image));
    if (held.fact !== null && (about === 'content' || held.digested)) return held.fact;
    if (held.waiting.size >= WAITING_MAX) {
      this.#refused += 1;
      return null;
    }
    if (!held.waiting.has(known)) known.images += 1;
    if (held.waiting.get(known) !== 'digest') held.waiting.set(known, about);
    if (held.open.has('digest') || held.open.has(about)) return null;
    held.open.add(about);
    commands.push({ do: 'look_up_image', ...place, sha256: about === 'digest' });
    return null;
  }

  peek(image: ImageId): ImageFact | null {
    return this.#held.get(imageIdText(image))?.fact ?? null;
  }

  isOpen(image: ImageId): boolean {
    return this.#held.get(imageIdText(image))?.open.has('digest') === true;
  }

  /** Gives the processes that waited for it. A file that was gone may be asked about again. */
  answer(fact: ImageFact): readonly Known[] {
    const text = imageIdText(fact.image);
    const held = this.#held.get(text);
    if (held === undefined) return [];
    // Others ask about the same images: an answer without the digest is not the one to a question for it.
    const isWhole = fact.gone || fact.sha256 !== undefined;
    held.open.delete('content');
    if (isWhole) held.open.delete('digest');
    held.digested ||= isWhole;
    if (fact.gone) this.#held.delete(text);
    else held.fact = { ...held.fact, ...fact };
    const settled = [...held.waiting].filter(
      ([, need]) => fact.gone || need === 'content' || isWhole,
    );
    for (const [known] of settled) {
      held.waiting.delete(known);
      known.images -= 1;
    }
    return settled.map(([known]) => known);
  }

  stats(): { images: number; imagesEvicted: number; imagesRefused: number } {
    return { images: this.#held.size, imagesEvicted: this.#evicted, imagesRefused: this.#refused };
  }

  #hold(text: string): Held {
    const held: Held = this.#held.get(text) ?? {
      fact: null,
      digested: false,
      open: new Set(),
      waiting: new Map(),
    };
    this.#held.delete(text);
    this.#held.set(text, held);
    const [oldest] = this.#held;
    if (this.#held.size > this.#limit && oldest !== undefined) {
      this.#held.delete(oldest[0]);
      for (const known of oldest[1].waiting.keys()) known.images -= 1;
      this.#evicted += 1;
    }
    return held;
  }
}
