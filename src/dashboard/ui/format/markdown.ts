/**
 * The little of Markdown that the pages of errors use, as data: headings, paragraphs, lists, code. What is not known
 * stays text; nothing in it can become markup.
 */

export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'code'; readonly text: string };

export type Span = { readonly kind: 'text' | 'code' | 'strong'; readonly text: string };

export function parseBlocks(source: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = source.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (line.trim() === '') continue;
    if (line.startsWith('```')) {
      const end = lines.indexOf('```', index + 1);
      const last = end < 0 ? lines.length : end;
      blocks.push({ kind: 'code', text: lines.slice(index + 1, last).join('\n') });
      index = last;
      continue;
    }
    const heading = /^#{1,6} +(.*)$/.exec(line);
    if (heading?.[1] !== undefined) {
      blocks.push({ kind: 'heading', text: heading[1] });
      continue;
    }
    const rest = lines.slice(index).findIndex((next) => next.trim() === '' || next.startsWith('```'));
    const paragraph = lines.slice(index, rest < 0 ? undefined : index + rest);
    index += paragraph.length - 1;
    blocks.push(...proseOf(paragraph));
  }
  return blocks;
}

/** A paragraph, a list, or one that leads to the other. */
function proseOf(lines: readonly string[]): readonly Block[] {
  const first = lines.findIndex((line) => isItem(line));
  if (first < 0) return [{ kind: 'paragraph', text: lines.map((line) => line.trim()).join(' ') }];
  const items: string[] = [];
  for (const line of lines.slice(first)) {
    if (isItem(line)) items.push(line.replace(/^\s*(?:[-*]|\d+\.)\s+/, ''));
    else items.push(`${items.pop() ?? ''} ${line.trim()}`);
  }
  return [...(first === 0 ? [] : proseOf(lines.slice(0, first))), { kind: 'list', items }];
}

function isItem(line: string): boolean {
  return /^\s*(?:[-*]|\d+\.)\s+/.test(line);
}

/** Links keep only their text: other pages of the documentation are not part of this one. */
export function parseSpans(text: string): readonly Span[] {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .split(/(`[^`]+`|\*\*[^*]+\*\*)/)
    .filter((part) => part !== '')
    .map((part): Span => {
      if (part.length > 2 && part.startsWith('`') && part.endsWith('`'))
        return { kind: 'code', text: part.slice(1, -1) };
      if (part.length > 4 && part.startsWith('**') && part.endsWith('**'))
        return { kind: 'strong', text: part.slice(2, -2) };
      return { kind: 'text', text: part };
    });
}
