export { createModels, type ModelSettings, type Models } from './create-models.ts';
