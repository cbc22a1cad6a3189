/** Nodes by their index: those at the top, and the children of each. Every node stands in exactly one of these lists. */
export interface Forest {
  readonly roots: readonly number[];
  readonly children: readonly (readonly number[])[];
}

/** Deeper nodes are drawn as deep as this one. */
export const MAX_LEVEL = 24;

export interface Strokes {
  readonly branch: string;
  readonly last: string;
  readonly bar: string;
  readonly blank: string;
}

export const BOX: Strokes = { branch: '├─ ', last: '└─ ', bar: '│  ', blank: '   ' };
export const ASCII: Strokes = { branch: '|- ', last: '`- ', bar: '|  ', blank: '   ' };

/**
 * A forest from each node's parent; null or no node's number: it has none. A ring of parents, which no honest source
 * gives, is opened at one of its nodes, so that nothing is left out.
 */
export function forestOf(parents: readonly (number | null)[]): Forest {
  const roots: number[] = [];
  const children: number[][] = parents.map(() => []);
  parents.forEach((parent, node) => {
    const siblings = parent === null || parent === node ? undefined : children[parent];
    (siblings ?? roots).push(node);
  });
  const placed = new Set<number>();
  for (const root of roots) place(root, children, placed);
  parents.forEach((_, node) => {
    if (placed.has(node)) return;
    const opened = onRing(node, parents);
    const siblings = children[parents[opened] ?? opened] ?? [];
    siblings.splice(siblings.indexOf(opened), 1);
    roots.push(opened);
    place(opened, children, placed);
  });
  return { roots, children };
}

function place(from: number, children: readonly (readonly number[])[], placed: Set<number>): void {
  const open = [from];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    placed.add(node);
    open.push(...(children[node] ?? []));
  }
}

/** The node itself or one above it to which the way up comes back. */
function onRing(node: number, parents: readonly (number | null)[]): number {
  const seen = new Set<number>();
  let at = node;
  while (!seen.has(at)) {
    seen.add(at);
    at = parents[at] ?? at;
  }
  return at;
}

/** A line a node, children below their parent. `label` gets the node and how deep it lies. */
export function drawForest(
  { roots, children }: Forest,
  strokes: Strokes,
  label: (node: number, level: number) => string,
): string[] {
  const lines: string[] = [];
  // The next to draw is at the end. `before`: what stands before the children of a node.
  const open = roots.map((node) => ({ node, level: 0, stroke: '', before: '' })).reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, level, stroke, before } = next;
    lines.push(stroke + label(node, level));
    const below = children[node] ?? [];
    for (let i = below.length - 1; i >= 0; i -= 1) {
      const isLast = i === below.length - 1;
      const deeper = level + 1 < MAX_LEVEL;
      open.push({
        node: below[i] ?? 0,
        level: level + 1,
        stroke: before + (isLast ? strokes.last : strokes.branch),
        before: deeper ? before + (isLast ? strokes.blank : strokes.bar) : before,
      });
    }
  }
  return lines;
}
