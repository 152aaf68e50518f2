import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { evaluate, longestExpression } from './evaluate.ts';
import { compoundInterest, dollars, solveForRate } from './finance.ts';
import { statistics } from './statistics.ts';

const annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };

const principal = z.number().positive().max(1e15).describe('Principal, in dollars');
const periods = z.int().min(1).max(366).describe('Compounding periods a year, such as 12 for monthly');
const years = z.number().positive().max(1000).describe('Years');
const number = z.number();

/** An MCP server with the tools of this package, not yet connected. It keeps no state between calls. */
export function createMathServer(): McpServer {
  const server = new McpServer({ name: 'mcp-math', version: '0.1.0' });
  addFinance(server);
  addArithmetic(server);
  return server;
}

function addFinance(server: McpServer): void {
  const rate = z.number().min(-1).max(100).describe('Yearly interest rate as a fraction: 0.05 is 5 percent');
  server.registerTool(
    'compound_interest',
    {
      description: 'Computes the final amount of a principal with compound interest: P (1 + r/n)^(n t).',
      inputSchema: { P: principal, r: rate, n: periods, t: years },
      outputSchema: { amount: number, interest: number },
      annotations,
    },
    (growth) => {
      const amount = compoundInterest(growth);
      const period = growth.t === 1 ? '1 year' : `${growth.t} years`;
      return answer(() => ({
        text: `Final amount after ${period} is ${dollars(amount)}`,
        values: finite({ amount, interest: amount - growth.P }),
      }));
    },
  );
  server.registerTool(
    'solve_for_rate',
    {
      description: 'Computes the yearly rate at which a principal P grows to an amount A in t years.',
      inputSchema: { P: principal, A: principal.describe('Final amount, in dollars'), n: periods, t: years },
      outputSchema: { rate: number },
      annotations,
    },
    (growth) =>
      answer(() => {
        const values = finite({ rate: solveForRate(growth) });
        return { text: `The yearly rate is ${(values.rate * 100).toFixed(4)} %`, values };
      }),
  );
}

function addArithmetic(server: McpServer): void {
  server.registerTool(
    'calculate',
    {
      description: 'Evaluates an arithmetic expression with + - * / ^ and parentheses.',
      inputSchema: {
        expression: z.string().min(1).max(longestExpression).describe('Such as (1 + 0.05/4)^8 * 1000'),
      },
      outputSchema: { value: number },
      annotations,
    },
    ({ expression }) =>
      answer(() => {
        const value = evaluate(expression);
        return { text: String(value), values: { value } };
      }),
  );
  server.registerTool(
    'statistics',
    {
      description: 'Summarises numbers: count, sum, mean, median, sample standard deviation, min and max.',
      inputSchema: { numbers: z.array(z.number()).min(1).max(100_000) },
      outputSchema: {
        count: number,
        sum: number,
        mean: number,
        median: number,
        stddev: number,
        min: number,
        max: number,
      },
      annotations,
    },
    ({ numbers }) =>
      answer(() => {
        const values = finite({ ...statistics(numbers) });
        const lines = Object.entries(values).map(([name, value]) => `${name}: ${value}`);
        return { text: lines.join('\n'), values };
      }),
  );
}

/** Turns a computation into a result, and what it throws into an error result that a model can act on. */
function answer(compute: () => { text: string; values: Record<string, number> }): CallToolResult {
  try {
    const { text, values } = compute();
    return { content: [{ type: 'text', text }], structuredContent: values };
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return { content: [{ type: 'text', text }], isError: true };
  }
}

function finite<Values extends Record<string, number>>(values: Values): Values {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) throw new Error(`The ${name} is too large to be expressed as a number.`);
  }
  return values;
}
