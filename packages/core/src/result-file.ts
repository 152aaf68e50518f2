import { z } from 'zod';
import type { ContentBlock } from './message.ts';

/** What a tool result is as a file: text, or the bytes that its base64 stands for. */
export type ResultFile = { mediaType: string } & ({ text: string } | { base64: string });

/** Media type and size in bytes of a file. */
export interface FileInfo {
  mediaType: string;
  bytes: number;
}

const source = z.object({ type: z.literal('base64'), media_type: z.string(), data: z.string() });

/** Types that are passed on as they are; others, such as HTML, are not ours to serve as themselves. */
const safeType = /^(image\/(png|jpeg|gif|webp)|audio\/[\w.+-]+|application\/pdf|text\/(plain|csv))$/;

/** A single text or image is itself; everything else is the JSON of its content blocks. */
export function resultFile(blocks: readonly ContentBlock[]): ResultFile {
  const [block] = blocks;
  if (blocks.length === 1 && block?.type === 'text') {
    return { mediaType: 'text/plain; charset=utf-8', text: String(block.text) };
  }
  const file = source.safeParse(block?.source);
  if (blocks.length === 1 && file.success && safeType.test(file.data.media_type)) {
    return { mediaType: file.data.media_type, base64: file.data.data };
  }
  return { mediaType: 'application/json', text: JSON.stringify(blocks) };
}

export function fileInfo(file: ResultFile): FileInfo {
  const { mediaType } = file;
  if ('text' in file) return { mediaType, bytes: new TextEncoder().encode(file.text).byteLength };
  const digits = file.base64.replaceAll(/[^A-Za-z0-9+/_-]/g, '').length;
  return { mediaType, bytes: Math.floor((digits * 3) / 4) };
}
