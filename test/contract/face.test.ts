import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import t from 'tap';
import ts from 'typescript';

const ADDON = '../../build/Release/watchfloor.node';

/** What native/index.d.ts declares: the names of the module, of posix and of a Sensor. */
function declared() {
  const text = readFileSync('native/index.d.ts', 'utf8');
  const file = ts.createSourceFile('index.d.ts', text, ts.ScriptTarget.ES2023, true);
  const exports: string[] = [];
  const members: Record<string, string[]> = {};
  for (const statement of file.statements) {
    if (ts.isFunctionDeclaration(statement)) exports.push(statement.name?.text ?? '');
    if (ts.isClassDeclaration(statement)) {
      const name = statement.name?.text ?? '';
      exports.push(name);
      members[name] = statement.members.flatMap((m) => (m.name ? [m.name.getText()] : []));
    }
    if (ts.isVariableStatement(statement)) {
      for (const { name, type } of statement.declarationList.declarations) {
        exports.push(name.getText());
        if (type !== undefined && ts.isTypeLiteralNode(type))
          members[name.getText()] = type.members.flatMap((m) => (m.name ? [m.name.getText()] : []));
      }
    }
  }
  return { exports: exports.sort(), members };
}

t.test('the addon exports exactly what native/index.d.ts declares', async (t) => {
  const addon = createRequire(import.meta.url)(ADDON) as Record<string, object>;
  const { exports, members } = declared();
  t.ok(exports.length > 2, 'the declaration was read');
  t.same(Object.keys(addon).sort(), exports);
  t.same(Object.keys(addon['posix'] ?? {}).sort(), [...(members['posix'] ?? [])].sort());
  const sensor = addon['Sensor'] as { prototype: object };
  const methods = Object.getOwnPropertyNames(sensor.prototype).filter((n) => n !== 'constructor');
  t.same(methods.sort(), [...(members['Sensor'] ?? [])].sort());
});
