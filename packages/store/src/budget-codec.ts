import { type BudgetNeed, budgetWait } from '@mcp-fleet/core';
import { z } from 'zod';

const used = z.object({ cost: z.number().nullable(), tokens: z.number() });
const need = z.object({ spent: used, next: used });

/** What a job's budget fell short of, from its JSON text; null unless the job waits for its budget. */
export function needOf(reason: string | null, text: string | null | undefined): BudgetNeed | null {
  return reason === budgetWait && text ? need.parse(JSON.parse(text)) : null;
}
