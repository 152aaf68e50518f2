export { createModels, type ModelSettings, type Models } from './create-models.ts';
export { createUpstream, type Upstream } from './create-upstream.ts';
export { PacedModel } from './paced-model.ts';
export type {
  UpstreamItem,
  UpstreamProvider,
  UpstreamResult,
  UpstreamResultType,
} from './upstream-provider.ts';
