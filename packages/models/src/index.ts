export { createModels, type ModelSettings, type Models } from './create-models.ts';
export { PacedModel } from './paced-model.ts';
