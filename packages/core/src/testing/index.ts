export { answers, CountingTools } from './counting-tools.ts';
export { MemoryStore } from './memory-store.ts';
export { asks, ScriptedModel, says } from './scripted-model.ts';
export { noTools, setUpRun } from './set-up-run.ts';
