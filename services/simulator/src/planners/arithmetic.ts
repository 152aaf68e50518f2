import type { OfferedTool } from '../conversation.ts';
import type { Call, Planned, Turn } from './plan.ts';
import { type Expression, expressionsIn } from './read-expressions.ts';
import { bareName, isNumberList, isNumeric, propertiesOf, wordsOf } from './tool-schema.ts';

const operations: Record<string, RegExp> = {
  '+': /\b(add|adds|sum|plus)\b/,
  '-': /\b(subtract|subtracts|minus|difference)\b/,
  '*': /\b(multiply|multiplies|times|product)\b/,
  '/': /\b(divide|divides|quotient)\b/,
  '^': /\b(power|exponent|raise|raises)\b/,
};

/** Plans a call for every arithmetic expression of a text; `last` is what `that` stands for. */
export function planArithmetic(text: string, { tools }: Turn, last: number | undefined): Planned {
  const planned: Planned = { calls: [], missing: [] };
  for (const expression of expressionsIn(text, last)) {
    const call = operationCall(expression, tools) ?? expressionCall(expression, tools);
    if (call) planned.calls.push(call);
    else planned.missing.push(`a tool that computes ${expression.text}`);
  }
  return planned;
}

/** `12*7+3 = 87` when the result is a number alone, otherwise null. */
export function reportArithmetic(call: Call & { text: string }): string | null {
  if (!/^-?\d[\d.]*(e[+-]?\d+)?$/i.test(call.text)) return null;
  const expression = Object.values(call.input).find((value) => typeof value === 'string' && /\d/.test(value));
  return expression === undefined ? null : `${expression} = ${call.text}`;
}

/** A tool that evaluates whole expressions. */
function expressionCall({ text }: Expression, tools: Turn['tools']): Call | null {
  for (const tool of tools) {
    const properties = propertiesOf(tool);
    const target = properties.find(
      ({ name, type }) => type === 'string' && /^(expr\w*|formula|equation)$/i.test(name),
    );
    const others = properties.some((each) => each.required && each !== target);
    if (target && !others) return { name: tool.name, input: { [target.name]: text } };
  }
  return null;
}

/** A tool for just this operation, for an expression that has no other. */
function operationCall({ operator, operands }: Expression, tools: Turn['tools']): Call | null {
  if (operator === null) return null;
  for (const tool of tools) {
    if (!operations[operator]?.test(wordsOf(tool))) continue;
    const input = operationInput(tool, operands, operator);
    if (input) return { name: tool.name, input };
  }
  return null;
}

function operationInput(
  tool: OfferedTool,
  operands: readonly number[],
  operator: string,
): Record<string, unknown> | null {
  const [first, second, third] = propertiesOf(tool).filter((each) => each.required);
  if (!first || third) return null;
  if (!second) {
    // A tool that merely mentions a sum in its description summarises lists instead of adding.
    const adds =
      '+*'.includes(operator) && operations[operator]?.test(bareName(tool.name).replace(/[_-]/g, ' '));
    return adds && isNumberList(first) ? { [first.name]: [...operands] } : null;
  }
  if (operands.length !== 2 || !isNumeric(first) || !isNumeric(second)) return null;
  return { [first.name]: operands[0], [second.name]: operands[1] };
}
