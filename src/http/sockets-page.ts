import type { AsyncApi, AsyncApiMessage, JsonSchema } from '../protocol/asyncapi.js';

/** AsyncAPI as a page: plain HTML, made from the document itself. */
export function socketsPage({ info, operations, channels, components }: AsyncApi): string {
  const message = ({ $ref }: { $ref: string }): AsyncApiMessage => {
    const id = $ref.split('/').at(-1)!;
    return components.messages[channels.socket.messages[id]!.$ref.split('/').at(-1)!]!;
  };
  const all = Object.values(operations);
  const said = all.filter(({ action }) => action === 'receive');
  const heard = all.filter(({ action }) => action === 'send');
  const sections = said.map(({ messages, reply }) => {
    const [answer] = reply!.messages;
    return section('say', message(messages[0]!), `<h4>Answer</h4>${code(message(answer!).payload)}`);
  });
  const callView = components.messages['answer-call-end']!.payload;
  const links = (list: typeof all, kind: string): string =>
    list.map(({ messages }) => link(kind, message(messages[0]!).name)).join('');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ringway socket API</title>
<style>${STYLE}</style>
<header>
  <h1>${text(info.title)}</h1>
  <p>${text(info.description)}</p>
  <p><a href="/asyncapi.json">AsyncAPI ${text(components ? '3' : '')}</a> · <a href="/docs">HTTP API</a> · <a href="/">Console</a></p>
</header>
<nav aria-label="Messages">
  <h2>An app says</h2><ul>${links(said, 'say')}</ul>
  <h2>An app hears</h2><ul>${links(heard, 'hear')}</ul>
</nav>
<main>
  <h2>An app says</h2>
  ${sections.join('\n')}
  <section id="refused"><h3>When the gateway says no</h3>${code(components.messages['refused']!.payload)}</section>
  <h2>An app hears</h2>
  ${heard.map(({ messages }) => section('hear', message(messages[0]!))).join('\n')}
  <h2>Shapes</h2>
  <section id="CallView"><h3>CallView</h3><p>The whole state of a call. The highest version counts.</p>
  ${code({ ...properties(callView)['call'], title: undefined })}</section>
</main>
</html>`;
}

const link = (kind: string, name: string): string =>
  `<li><a href="#${kind}-${text(name)}"><code>${text(name)}</code></a></li>`;

const section = (kind: string, { name, summary, payload }: AsyncApiMessage, more = ''): string =>
  `<section id="${kind}-${text(name)}"><h3><code>${text(name)}</code></h3><p>${text(summary)}</p>${code(payload)}${more}</section>`;

const code = (schema: JsonSchema): string =>
  `<pre tabindex="0">${text(shapeOf(schema)).replaceAll('CallView', '<a href="#CallView">CallView</a>')}</pre>`;

/** A JSON schema as people write shapes: `{ callId: uuid, media: "voice" | "video", metadata?: object }`. */
export function shapeOf(schema: JsonSchema, indent = ''): string {
  const { title, type, format, items, enum: options, pattern } = schema as Known;
  const alternatives = (schema as Known).anyOf ?? (schema as Known).oneOf;
  if (title !== undefined) return title;
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (options) return options.map((option) => JSON.stringify(option)).join(' | ');
  if (alternatives) return alternatives.map((each) => shapeOf(each, indent)).join(' | ');
  if (type === 'array') return `${shapeOf(items ?? {}, indent)}[]`;
  if (type !== 'object') {
    if (format === 'uuid' || pattern?.includes('[0-9a-fA-F]{12}')) return 'uuid';
    return format === 'date-time' ? 'time' : (type ?? 'any JSON');
  }
  const fields = Object.entries(properties(schema)).map(([name, field]) => {
    const optional = (schema as Known).required?.includes(name) ? '' : '?';
    const note = (field as Known).description;
    return `${indent}  ${name}${optional}: ${shapeOf(field, `${indent}  `)}${note ? `  // ${note}` : ''}\n`;
  });
  if (fields.length > 0) return `{\n${fields.join('')}${indent}}`;
  return (schema as Known).propertyNames ? 'object' : '{}';
}

const properties = (schema: JsonSchema): Record<string, JsonSchema> => (schema as Known).properties ?? {};

interface Known {
  title?: string;
  type?: string;
  format?: string;
  pattern?: string;
  description?: string;
  enum?: unknown[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  required?: string[];
  properties?: Record<string, JsonSchema>;
  propertyNames?: JsonSchema;
}

const text = (raw: string): string =>
  raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const STYLE = `
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem 1.5rem; max-width: 72rem;
    display: grid; grid-template: 'header header' auto 'nav main' 1fr / 15rem minmax(0, 1fr); gap: 0 2.5rem; }
  header { grid-area: header; border-bottom: 1px solid var(--line); }
  nav { grid-area: nav; position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; }
  nav h2 { font-size: 1rem; margin: 1.5rem 0 .25rem; } nav ul { list-style: none; margin: 0; padding: 0; }
  nav a { text-decoration: none; } nav a:hover, nav a:focus-visible { text-decoration: underline; }
  main { grid-area: main; } section { border-top: 1px solid var(--line); scroll-margin-top: 1rem; }
  h3 { margin-bottom: .25rem; } h4 { margin: .75rem 0 .25rem; font-size: .9rem; } p { margin: .25rem 0 .75rem; }
  code, pre { font: .9rem/1.5 ui-monospace, monospace; }
  pre { margin: 0 0 1rem; padding: .75rem 1rem; overflow-x: auto; border-radius: .5rem;
    background: color-mix(in srgb, currentColor 6%, transparent); }
  @media (max-width: 48rem) { body { display: block; padding: 1rem; } nav { position: static; max-height: none; } }
`;
