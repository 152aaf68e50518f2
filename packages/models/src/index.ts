export { createModels, type Models, type ModelSettings } from './create-models.ts';
