import { createRequire } from 'node:module';
import { Language, type Node, Parser } from 'web-tree-sitter';
import { nameOf, samplesOf } from './samples.js';

const require = createRequire(import.meta.url);
const samples = samplesOf('docs/ios.md').filter(({ language }) => language === 'swift');

/** Where the grammar stumbles, or had to add something. */
const stumbles = (node: Node): string[] => {
  const here = node.isError || node.isMissing ? [`line ${node.startPosition.row + 1}: ${node.text}`] : [];
  return [...here, ...node.children.flatMap(stumbles)];
};

// There is no Swift compiler for Apple's frameworks but Apple's own; the grammar at least is looked at.
describe('the Swift of docs/ios.md', () => {
  const parser = { of: null as Parser | null };
  beforeAll(async () => {
    await Parser.init();
    const grammar = require.resolve('@repomix/tree-sitter-wasms/out/tree-sitter-swift.wasm');
    parser.of = new Parser().setLanguage(await Language.load(grammar));
  });
  const mistakes = (code: string): string[] => stumbles(parser.of!.parse(code)!.rootNode);

  it.each(samples.map((sample) => [nameOf(sample), sample] as const))('%s parses', (_, { code }) => {
    expect(mistakes(code)).toEqual([]);
  });

  it('is there, and a mistake in it would be found', () => {
    expect(samples.length).toBeGreaterThan(5);
    expect(mistakes('func ring() { guard let call else { return }')).not.toEqual([]);
    expect(mistakes('let call = known[id')).not.toEqual([]);
  });
});
