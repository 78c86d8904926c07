/** A page of the documentation. */

import { type Block, parseBlocks, parseSpans } from '../format/markdown.ts';

export function Markdown({ source }: { readonly source: string }) {
  return (
    <div class="prose">
      {parseBlocks(source).map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { readonly block: Block }) {
  switch (block.kind) {
    case 'heading':
      return (
        <h2>
          <Spans text={block.text} />
        </h2>
      );
    case 'paragraph':
      return (
        <p>
          <Spans text={block.text} />
        </p>
      );
    case 'list':
      return (
        <ul>
          {block.items.map((item, index) => (
            <li key={index}>
              <Spans text={item} />
            </li>
          ))}
        </ul>
      );
    case 'code':
      return <pre tabIndex={0}>{block.text}</pre>;
  }
}

function Spans({ text }: { readonly text: string }) {
  return (
    <>
      {parseSpans(text).map(({ kind, text: part }, index) =>
        kind === 'code' ? (
          <code key={index}>{part}</code>
        ) : kind === 'strong' ? (
          <strong key={index}>{part}</strong>
        ) : (
          part
        ),
      )}
    </>
  );
}
