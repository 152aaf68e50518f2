import { type Message, textOf } from '../conversation.ts';
import type { Turn } from './plan.ts';

const noneBefore = 'There is nothing before this in our conversation.';

/** Answers a question about the conversation itself from its messages; null for any other question. */
export function recall({ query, earlier }: Turn): string | null {
  const fact = askedFact(query);
  if (fact !== null) return factAbout(fact, earlier);
  const questions = texts(earlier, 'user');
  if (/\bhow many (questions|queries)\b/i.test(query))
    return `You asked ${questions.length} before this one.`;
  if (
    /\bmy (very )?(first|last|previous|earlier) (question|query|message)|what did I (first )?(ask|say)/i.test(
      query,
    )
  ) {
    const asked = /\bfirst\b/i.test(query) ? questions[0] : questions.at(-1);
    return asked === undefined ? noneBefore : `You asked: “${asked}”`;
  }
  if (
    /what did you (first )?(tell|say|answer)|(your|the) (first|last|previous|earlier) (answer|reply|result)/i.test(
      query,
    )
  ) {
    const answers = texts(earlier, 'assistant');
    const told = /\bfirst\b/i.test(query) ? answers[0] : answers.at(-1);
    return told === undefined ? noneBefore : `I told you: “${told.replace(/\s*\[simulated\]/g, '')}”`;
  }
  return null;
}

/** Takes note of `my … is …`; null when the query says nothing of the kind. */
export function acknowledge({ query }: Turn): string | null {
  const told = statement(query);
  return told && `Noted: your ${told.fact} is ${told.value}.`;
}

function askedFact(query: string): string | null {
  if (/\bwho am I\b/i.test(query)) return 'name';
  const asked =
    /\b(?:what(?:'s| is| was| are)|tell me|do you (?:know|remember))\s+(?:what\s+)?my\s+([\w ]+?)(?:\s+(?:is|are))?\s*[?.!]*$/i;
  const fact = asked.exec(query)?.[1];
  return fact === undefined || /\b(question|query|message)\b/i.test(fact) ? null : fact;
}

function factAbout(fact: string, earlier: readonly Message[]): string {
  for (const text of texts(earlier, 'user').reverse()) {
    const told = statement(text);
    if (told?.fact.toLowerCase() === fact.toLowerCase()) return `Your ${told.fact} is ${told.value}.`;
  }
  return `You have not told me your ${fact} in this conversation.`;
}

function statement(text: string): { fact: string; value: string } | null {
  if (askedFact(text) !== null) return null;
  const told = /\bmy\s+([\w ]+?)\s+(?:is|are)\s+([^.,;!?\n]+)/i.exec(text);
  if (told) return { fact: told[1] as string, value: (told[2] as string).trim() };
  const called = /\b(?:call me|I am called|I'm called)\s+([\w-]+)/i.exec(text)?.[1];
  return called === undefined ? null : { fact: 'name', value: called };
}

/** What was asked or answered, without the messages that only carry calls and their results. */
function texts(messages: readonly Message[], role: Message['role']): string[] {
  return messages
    .filter((message) => message.role === role && !message.content.some(({ type }) => type === 'tool_use'))
    .map(({ content }) => textOf(content).trim())
    .filter((text) => text !== '');
}
