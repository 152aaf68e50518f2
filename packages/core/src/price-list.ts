import { z } from 'zod';
import { FleetError } from './errors.ts';
import { type Price, type PriceInput, price } from './price.ts';
import { publishedPrices } from './published-prices.ts';

/**
 * Prices by `provider/model`. A name holds for its dated releases as well (`-20260101`, `-2026-01-01`,
 * `-latest`), and one that ends in `*` for everything that begins like it.
 */
export const prices = z.record(z.string().min(1).max(200), price);

/** A price and the name that it stands under, which is one of the table's. */
export interface NamedPrice {
  name: string;
  price: Price;
}

/** Says what models cost; null for one whose price is unknown. */
export interface PriceList {
  of(model: string): NamedPrice | null;
}

/** The published prices, and before them those that a configuration gives. */
export function priceList(own: Record<string, PriceInput> = {}): PriceList {
  const tables = [prices.parse(own), prices.parse(publishedPrices)];
  return {
    of(model) {
      const full = fullName(model);
      for (const table of tables) {
        const name = bestName(Object.keys(table), full);
        if (name !== null) return { name, price: table[name] as Price };
      }
      return null;
    },
  };
}

/** The provider may be left out of names that tell it. */
function fullName(model: string): string {
  if (model.startsWith('claude-')) return `anthropic/${model}`;
  return model.startsWith('gpt-') ? `openai/${model}` : model;
}

const dated = /^[-@](\d{8}|\d{4}-\d{2}-\d{2}|latest)$/;

function bestName(names: string[], model: string): string | null {
  if (names.includes(model)) return model;
  const fits = (name: string) =>
    name.endsWith('*')
      ? model.startsWith(name.slice(0, -1))
      : model.startsWith(name) && dated.test(model.slice(name.length));
  return names.filter(fits).sort((a, b) => b.length - a.length)[0] ?? null;
}

/** The price of a model. Throws `unknown_price`, which says how to add it. */
export function knownPrice(list: PriceList, model: string, what: string): NamedPrice {
  const known = list.of(model);
  if (known) return known;
  throw new FleetError(
    'unknown_price',
    `${what} needs the price of ${JSON.stringify(model)}, which is unknown. Add it to the fleet's configuration file: {"prices": {${JSON.stringify(model)}: {"input": …, "output": …}}}, in US dollars per million tokens.`,
  );
}
