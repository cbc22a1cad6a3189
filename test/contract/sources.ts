import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/** One source file under src/, as far as the boundaries between rooms are concerned. */
export interface Source {
  /** Relative to the checkout, such as `src/flow/table.ts`. */
  readonly path: string;
  /** `flow` for src/flow/table.ts; `pipeline` for src/pipeline.ts, which is the door of src/pipeline/. */
  readonly room: string;
  readonly imports: readonly Import[];
  /** Text of every string and template literal that is not a module's name. */
  readonly strings: readonly string[];
  /** Dotted names as written, such as `process.env` or `Date.now`; and names called, such as `setTimeout`. */
  readonly uses: ReadonlySet<string>;
  readonly opensWithComment: boolean;
}

export interface Import {
  readonly from: string;
  /** Path of the imported file for `./x.js`, null for a package or a node: module. */
  readonly path: string | null;
  readonly names: readonly string[];
  /** Gone after compilation. */
  readonly typeOnly: boolean;
}

/** Every TypeScript file under a folder, generated ones included. */
export function readSources(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => readSource(folder, name));
}

/** The room of a path under src/. */
export function roomOf(path: string): string {
  return (path.split('/')[1] ?? path).replace(/\.ts$/, '');
}

function readSource(folder: string, name: string): Source {
  const path = join(folder, name);
  const text = readFileSync(path, 'utf8');
  return { path, room: roomOf(path), ...readText(path, text) };
}

/** The same for text that is in no file. */
export function readText(path: string, text: string): Omit<Source, 'path' | 'room'> {
  const imports: Import[] = [];
  const strings: string[] = [];
  const uses = new Set<string>();
  const visit = (node: ts.Node): void => {
    const found = readImport(path, node);
    if (found !== null) {
      imports.push(found);
      return;
    }
    if (ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)) strings.push(node.text);
    if (ts.isPropertyAccessExpression(node)) uses.add(node.getText().replaceAll(/\s/g, ''));
    if (ts.isCallExpression(node)) uses.add(node.expression.getText());
    if (ts.isNewExpression(node) && (node.arguments?.length ?? 0) === 0)
      uses.add(`new ${node.expression.getText()}()`);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true));
  return { imports, strings, uses, opensWithComment: text.startsWith('/**') };
}

function readImport(path: string, node: ts.Node): Import | null {
  const named = importedNames(node);
  if (named === null) return null;
  const { from, names, typeOnly } = named;
  const local = from.startsWith('.');
  const target = local ? normalize(join(dirname(path), from)).replace(/\.js$/, '.ts') : null;
  return { from, path: target, names, typeOnly };
}

type Named = Pick<Import, 'from' | 'names' | 'typeOnly'>;

function importedNames(node: ts.Node): Named | null {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const clause = node.importClause;
    const typeOnly = clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    return { from: node.moduleSpecifier.text, names: bindings(clause), typeOnly };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return ts.isStringLiteral(node.moduleSpecifier)
      ? { from: node.moduleSpecifier.text, names: [], typeOnly: node.isTypeOnly }
      : null;
  }
  const lazy = ts.isCallExpression(node) && isLoader(node.expression) ? node.arguments[0] : null;
  if (lazy && ts.isStringLiteral(lazy)) return { from: lazy.text, names: [], typeOnly: false };
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    const { literal } = node.argument;
    return ts.isStringLiteral(literal) ? { from: literal.text, names: [], typeOnly: true } : null;
  }
  return null;
}

function isLoader(expression: ts.Expression): boolean {
  return expression.kind === ts.SyntaxKind.ImportKeyword || expression.getText() === 'require';
}

function bindings(clause: ts.ImportClause | undefined): string[] {
  const names = clause?.name === undefined ? [] : ['default'];
  const named = clause?.namedBindings;
  if (named === undefined) return names;
  if (ts.isNamespaceImport(named)) return [...names, '*'];
  return [...names, ...named.elements.map((e) => (e.propertyName ?? e.name).text)];
}
