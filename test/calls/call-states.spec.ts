import { readFileSync, writeFileSync } from 'node:fs';
import { callStates } from './call-states.js';

const file = new URL('../../docs/call-states.md', import.meta.url);
const generated = /(?<=<!-- generated: .*-->\n)[^]*(?=<!-- end of what is generated -->)/;

describe('docs/call-states.md', () => {
  it('says what the code does (if not: UPDATE_DOCS=1 npm run test:unit, and read the difference)', () => {
    const page = readFileSync(file, 'utf8');
    if (process.env.UPDATE_DOCS)
      writeFileSync(
        file,
        page.replace(generated, () => callStates()),
      );
    else expect(generated.exec(page)?.[0]).toBe(callStates());
  });
});
