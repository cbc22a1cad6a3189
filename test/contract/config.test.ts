import { readFileSync } from 'node:fs';
import t from 'tap';
import { effectiveYaml, parseConfig } from '../../src/config/index.js';
import { parse } from 'yaml';

t.test('packaging/config.yaml shows every key with its default', async (t) => {
  const shipped = readFileSync('packaging/config.yaml', 'utf8');
  const defaults = parseConfig('', 'empty');
  t.same(parseConfig(shipped, 'shipped'), defaults, 'as shipped it changes nothing');
  const keys = shipped.replaceAll(/^# (?=( *)([a-z_]+:|- ))/gm, '');
  t.same(parse(keys), parse(effectiveYaml(defaults)), 'uncommented it is the defaults');
});
