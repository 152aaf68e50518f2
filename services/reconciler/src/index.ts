export type { ReconcilerParts } from './parts.ts';
export { Reconciler, type ReconcilerOptions } from './reconciler.ts';
export { startReconciler } from './start-reconciler.ts';
