import type { ContentBlock } from '@mcp-fleet/client';
import { textOf } from '../format.ts';
import { JsonView } from './json-view.tsx';

/** Content of a message, block by block. Text is shown as it is: nothing in it becomes markup. */
export function Blocks({ content }: { content: string | readonly ContentBlock[] }) {
  if (typeof content === 'string') return <p class="text">{content}</p>;
  return (
    <>
      {content.map((block, n) => (
        <Block key={n} block={block} />
      ))}
    </>
  );
}

function Block({ block }: { block: ContentBlock }) {
  if (block.type === 'text') return <p class="text">{String(block.text)}</p>;
  if (block.type === 'tool_use')
    return <JsonView summary={`Asks for ${String(block.name)}`} value={block.input} />;
  if (block.type === 'tool_result') {
    const content = block.content as string | ContentBlock[] | undefined;
    return (
      <details class="json">
        <summary>{block.is_error ? 'Tool error' : 'Tool result'}</summary>
        <pre>{textOf(content ?? '')}</pre>
      </details>
    );
  }
  if (block.type === 'thinking')
    return (
      <details class="json">
        <summary>Thinking</summary>
        <pre>{String(block.thinking)}</pre>
      </details>
    );
  return <JsonView summary={block.type} value={block} />;
}
