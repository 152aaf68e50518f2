// An MCP server with fables of Aesop, retold for this example. The retellings are in the public domain (CC0).
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

const fables = [
  [
    'The Fox and the Crow',
    'A crow sat in a tree with a piece of cheese. A fox praised her feathers and asked whether her voice was as fine. She opened her beak to sing, and the cheese was his.',
  ],
  [
    'The Tortoise and the Hare',
    'A hare laughed at a tortoise, who asked for a race. The hare ran ahead and lay down to sleep. The tortoise walked on without a rest, and came in first.',
  ],
  [
    'The Dog and His Reflection',
    'A dog with a bone crossed a bridge and saw another dog in the water, whose bone looked larger. He snapped at it, and his own fell into the stream.',
  ],
  [
    'The Crow and the Pitcher',
    'A thirsty crow found a pitcher with a little water at the bottom. She dropped in one pebble after the other until the water had risen to her beak.',
  ],
  [
    'The Lion and the Mouse',
    'A lion let a mouse go that had run over his paw. Later he lay in a net of hunters, and the mouse gnawed through the ropes.',
  ],
  [
    'The Fox and the Grapes',
    'A fox leapt for grapes that hung too high. When he had tried often enough he walked off and said that they were sour.',
  ],
  [
    'The Ant and the Grasshopper',
    'An ant carried corn all summer while a grasshopper sang. In winter the grasshopper asked for some, and was asked what he had done while it was warm.',
  ],
  [
    'The North Wind and the Sun',
    'They bet who could make a traveller take off his coat. The wind blew, and he held it tight. The sun shone, and he took it off by himself.',
  ],
  [
    'The Goose with the Golden Eggs',
    'A farmer had a goose that laid a golden egg every day. He cut her open to have all of them at once, and found a goose like any other.',
  ],
  [
    'The Frog and the Ox',
    'A frog wanted to be as large as an ox. She blew herself up, and asked her children whether she was there yet, until she burst.',
  ],
];

const server = new McpServer({ name: 'fables', version: '1.0.0' });
server.registerTool(
  'read_fable',
  {
    description: `Reads a fable by its number, 1 to ${fables.length}.`,
    inputSchema: { number: z.number().int().min(1).max(fables.length) },
    annotations: { readOnlyHint: true },
  },
  async ({ number }) => {
    const [title, text] = fables[number - 1];
    return { content: [{ type: 'text', text: `${title}\n\n${text}` }] };
  },
);
await server.connect(new StdioServerTransport());
